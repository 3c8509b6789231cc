"""What the tag_pose node does beside detecting: latency, workers, tracking, and whether it lasts."""
