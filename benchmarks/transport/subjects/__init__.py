"""The transports that are compared: one module each, with one interface."""
