"""`airo-ros2 bench tags_node`: see throughput."""

from tags_node.throughput import main

main()
