"""Ensembles, their epistemic and aleatoric uncertainty, proper scores and calibration."""
