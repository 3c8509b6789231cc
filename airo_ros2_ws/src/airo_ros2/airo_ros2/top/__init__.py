"""A live table of the streams of frames and tags in a ROS domain."""
