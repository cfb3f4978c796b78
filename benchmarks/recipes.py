"""Lines of code of each recipe: what stands between its docstring and its end, imports included, blank lines not.

python benchmarks/recipes.py
"""

import ast
import inspect
import statistics
import textwrap

from machine import record

from vaekit.recipes import RECIPES, find


def lines_of(name: str) -> int:
    """Lines of the body after the docstring that are neither blank nor a comment alone."""
    source = textwrap.dedent(inspect.getsource(find(name).load()))
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    documented = ast.get_docstring(function) is not None
    body = function.body[1:] if documented else function.body
    first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
    rows = source.splitlines()[first - 1 : last]
    return sum(bool(row.strip()) and not row.strip().startswith("#") for row in rows)


if __name__ == "__main__":
    counts = {name: lines_of(name) for name in RECIPES}
    record(
        "recipes",
        {
            "recipes": len(counts),
            "median": statistics.median(counts.values()),
            "most": max(counts.values()),
            "lines": dict(sorted(counts.items(), key=lambda item: item[1])),
        },
    )
