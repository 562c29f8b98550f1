"""The dashboard: what was packed, streamed, trained and measured, read from folders. It never trains.

Inside, imports are relative: in a checkout this package is ``dashboard``, in a wheel ``ethnoshard.dashboard``.
"""

from ._main import show

__all__ = ["show"]
