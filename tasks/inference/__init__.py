"""Bayesian models of what was simulated: effects of interventions, importance of keys."""
