"""Repairs of the data, simulated, and what they do to uncertainty."""
