"""Generators of parameters and data, one for each Stan program that has proper priors."""
