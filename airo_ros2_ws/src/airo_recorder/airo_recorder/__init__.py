"""Recording of camera frames and tags: what was written, and what was not and why."""
