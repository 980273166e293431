"""The two ways in which `whence` refuses or fails."""


class InputError(ValueError):
    """What was given breaks a rule; the message says which, what came and what to do."""


class RunError(RuntimeError):
    """A step failed on input that broke no rule; the message holds the last words."""
