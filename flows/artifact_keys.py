"""Keys of Prefect's artifacts."""

from tasks.bayes.digests import digest_of


def artifact_key(name: str) -> str:
    """A name as a key of an artifact can bear it: letters, digits and dashes.

    Examples
    --------
    >>> artifact_key("f1"), artifact_key("key_importance")
    ('f1', 'keyimportance-78e77d8b')
    >>> artifact_key("상점") == artifact_key("가게")
    False
    """
    plain = "".join(char for char in name if char.isascii() and char.isalnum()).lower()
    return plain if plain == name else f"{plain}-{digest_of(name)[:8]}".lstrip("-")
