"""The errors that are a user's to mend: what, where, and what to do about it.

Anything else that is raised is a bug of ours and keeps its traceback.
"""


class EthnoshardError(Exception):
    """A user's mistake or a broken input. Its text is the whole message; the command line prints it alone."""


class UnreadableImageError(EthnoshardError):
    """The bytes of one image can't be had or decoded. Its text is the ``reason`` in the part's table."""
