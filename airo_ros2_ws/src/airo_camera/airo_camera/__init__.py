"""Cameras, files and simulated scenes as zero-copy frames."""
