"""Words from files as text: never as Markdown."""

import re

_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$^=&])")


def plain(text: object) -> str:
    """For Markdown: the text itself, whatever signs are in it."""
    return _SIGNS.sub(r"\\\1", " ".join(str(text).split()))
