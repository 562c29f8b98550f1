"""OpenVINO, loaded so that it tells nobody. To be imported only where it is installed, and only from here.

By itself its import writes a random number of this user to ``~/intel`` and sends an event with it to Google Analytics,
through the package openvino_telemetry, unless that package is missing. Here it is missing while OpenVINO is imported;
whoever imported OpenVINO before us has decided otherwise.
"""

import sys

_TELEMETRY = "openvino_telemetry"

_hidden = _TELEMETRY not in sys.modules
if _hidden:
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # what the import system takes for a missing package
try:
    import openvino
    from openvino import opset13
finally:
    if _hidden:
        del sys.modules[_TELEMETRY]

__all__ = ["openvino", "opset13"]
