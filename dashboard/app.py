"""The script that Streamlit runs; ``ethnoshard dashboard`` starts it, with what to look at as its arguments."""

import sys
from pathlib import Path

try:
    from ethnoshard.dashboard import show  # type: ignore[import-not-found]  # where a wheel puts this folder
except ModuleNotFoundError:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from dashboard import show

show(sys.argv[1:])
