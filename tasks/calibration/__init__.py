"""Simulation-based calibration: whether a Bayesian model's intervals can be trusted."""
