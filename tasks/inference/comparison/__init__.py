"""Competing models of effects with known standard errors: fitted, falsified, one recommended."""
