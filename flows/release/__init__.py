"""`whence release`: another installed version is tried beside the one that serves, then serves."""
