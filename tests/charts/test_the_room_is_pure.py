import ast
import subprocess
import sys
from pathlib import Path

import ethnoshard.charts
from ethnoshard import charts

MAY = {"ethnoshard.charts", "ethnoshard.results", "ethnoshard._late", "numpy", "plotly", "polars"}


def test_it_imports_results_and_nothing_else_of_ours_and_no_streamlit() -> None:
    for path in Path(ethnoshard.charts.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                known = name.partition(".")[0] in sys.stdlib_module_names
                assert known or any(name == may or name.startswith(f"{may}.") for may in MAY), (path, name)


def test_every_name_of_the_door_is_there_and_plotly_is_not_paid_for_before_a_chart_is_drawn() -> None:
    assert not [name for name in charts.__all__ if getattr(charts, name, None) is None]
    code = "import sys; from ethnoshard.charts import share, METHODS, GREY; print('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
