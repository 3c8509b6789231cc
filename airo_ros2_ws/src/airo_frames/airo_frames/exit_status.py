"""What our processes tell by their exit status."""

from __future__ import annotations

__all__ = ["EXIT_SAID_WHY"]

EXIT_SAID_WHY = 2  # ended by an error that the process has explained on stderr in one line
