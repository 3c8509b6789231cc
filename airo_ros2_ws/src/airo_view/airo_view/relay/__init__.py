"""Standard topics for what is ours: for rviz2, other tools and other hosts."""
