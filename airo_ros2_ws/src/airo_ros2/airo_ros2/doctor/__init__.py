"""Everything that decides whether frames really travel without a copy, checked and explained."""
