"""What a database that nobody has described says of itself: types, keys, and what they point to."""
