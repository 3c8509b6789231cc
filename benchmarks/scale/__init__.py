"""How many cameras a machine can run, and what each further one costs."""
