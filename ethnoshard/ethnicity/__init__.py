"""Which group an identity is given, by whom, and how sure they are."""

from ethnoshard.ethnicity._label_file import label_from_file

__all__ = ["label_from_file"]
