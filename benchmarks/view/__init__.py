"""What the web view costs, and how late its pictures are."""
