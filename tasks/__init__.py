"""Pure functions of `whence` and, in each room's `steps.py`, the Prefect tasks over them."""
