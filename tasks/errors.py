"""The two ways in which `whence` refuses or fails, and how much it then shows."""


class InputError(ValueError):
    """What was given breaks a rule; the message says which, what came and what to do."""


class RunError(RuntimeError):
    """A step failed on input that broke no rule; the message holds the last words."""


class FullDiskError(RunError):
    """There was no room for a file."""


class KilledError(RunError):
    """A process of a step was killed from outside: the step may succeed when it is tried again."""


def last_lines(text: str, count: int = 20) -> str:
    r"""The end of a long output.

    Examples
    --------
    >>> last_lines("a\nb\nc", count=2)
    'b\nc'
    """
    return "\n".join(text.rstrip().splitlines()[-count:])
