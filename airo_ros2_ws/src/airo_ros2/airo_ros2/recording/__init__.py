"""Recording cameras from a script, in a process of its own, by airo_recorder."""
