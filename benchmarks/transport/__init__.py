"""Transports of whole frames between processes, side by side in one run."""
