"""How much it costs to record, beside others that record the same frames in the same run."""
