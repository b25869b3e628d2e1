"""Files of weights: what is in them, how two differ, and what may be done to one."""
