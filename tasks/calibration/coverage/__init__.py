"""Coverage study: effects that are told, held against effects that are known."""
