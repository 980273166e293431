"""Beliefs against data: priors elicited, tested, updated, and kept with their history."""
