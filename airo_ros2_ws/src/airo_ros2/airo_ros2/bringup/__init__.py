"""Starting, watching and ending the processes of a set-up, and printing what they find."""
