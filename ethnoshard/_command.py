"""Commands that a message advises, as a shell takes them."""

import shlex


def command(*words: object) -> str:
    """A command line of ``ethnoshard``, quoted where a path needs it.

    >>> command("verify", "my faces")
    "ethnoshard verify 'my faces'"
    """
    return shlex.join(["ethnoshard", *map(str, words)])
