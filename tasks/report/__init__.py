"""What was found, ranked and told: as text, as JSON, as a page with figures."""
