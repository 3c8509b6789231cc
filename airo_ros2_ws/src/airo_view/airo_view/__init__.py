"""Cameras and tags for people and programs that do not share our memory."""
