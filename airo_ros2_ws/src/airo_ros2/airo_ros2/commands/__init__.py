"""One module per command: its HELP, its arguments, and how it runs. What a command needs is imported when it runs."""
