"""Reading a camera through the facade, beside airo_camera_toolkit's own multiprocess classes."""
