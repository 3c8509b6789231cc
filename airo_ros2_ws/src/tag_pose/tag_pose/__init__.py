"""AprilTags in camera images, and where they are."""
