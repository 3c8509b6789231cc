"""The web view: a page with all cameras, and the server behind it."""
