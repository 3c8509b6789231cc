"""Lets the tests of packaging share their modules."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
