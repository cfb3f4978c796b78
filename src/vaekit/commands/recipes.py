"""vaekit recipes: what there is to train, and where it comes from."""

from collections.abc import Sequence

from vaekit.commands.parser import Parser
from vaekit.recipes.table import RECIPES


def main(arguments: Sequence[str]) -> int:
    """List every recipe with its summary and paper."""
    Parser(prog="vaekit recipes", description="List the recipes and their papers.").parse_args(
        list(arguments)
    )
    for name, entry in RECIPES.items():
        print(f"{name}\n    {entry.summary}\n    {entry.source}")
    print("\noptions of a recipe: vaekit train --recipe NAME --help")
    return 0
