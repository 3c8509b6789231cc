"""AprilTag detection and poses against exact truth, side by side with other libraries in one run."""
