"""Digests that name what was built by what it was built from."""

import hashlib


def digest_of(*parts: str | bytes) -> str:
    """SHA-256 of the parts, in hexadecimal; where one part ends matters.

    Examples
    --------
    >>> digest_of("ab", "c") == digest_of("a", "bc")
    False
    >>> len(digest_of("a"))
    64
    """
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big"))
        whole.update(data)
    return whole.hexdigest()
