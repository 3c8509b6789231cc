"""Whether acquisition stays regular while everything else saturates the machine."""
