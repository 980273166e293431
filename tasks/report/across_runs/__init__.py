"""Runs side by side: what changed from one to another, and the history of a domain."""
