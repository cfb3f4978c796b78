"""Pages with commands: every command exists and has the options it is shown with."""

import re
import shlex
from pathlib import Path

import pytest

from vaekit.cli import COMMANDS, main
from vaekit.commands.train import parser_for, recipe_named

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("the-truth.md", "doctor.md", "report.md", "feature-spaces.md")
PAGES += ("literature.md", "conditions.md", "anomalies.md")
SHOWN = [
    (page, line.strip())
    for page in PAGES
    for line in re.findall(r"^    (vaekit .+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
]


def test_every_page_shows_commands() -> None:
    assert {page for page, _ in SHOWN} == set(PAGES)


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=[line for _, line in SHOWN])
def test_a_command_is_understood(page: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, command, *words = shlex.split(line)
    assert command in COMMANDS, page
    if command == "train":
        parser_for(recipe_named(words)).parse_args(words)
        return
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = capsys.readouterr().out
    assert all(word in told for word in words if word.startswith("--"))


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / page).read_text(encoding="utf-8")):
            assert (DOCS / target).exists(), f"{page}: {target}"
