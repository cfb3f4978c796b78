"""The tutorial runs as it is printed, and README names only commands that exist."""

import re
import shlex
from pathlib import Path

import pytest

from vaekit.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_tutorial_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "first-hour.md").read_text(encoding="utf-8")
    steps = re.findall(r"^```(sh|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(steps) >= 8
    for language, block in steps:
        if language == "python":
            exec(compile(block, "first-hour.md", "exec"), {})
            continue
        for line in block.strip().splitlines():
            command, *arguments = shlex.split(line)
            assert command == "vaekit"
            assert main(arguments) == 0, capsys.readouterr().err
    written = {path.name for path in tmp_path.glob("*.png")}
    assert written == set(re.findall(r"-o (\w+\.png)", text))


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
)
def test_pages_name_commands_and_files_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"^(?:    |\$ )vaekit ([a-z][a-z-]*)", text, re.MULTILINE):
        assert name in COMMANDS
    for target in re.findall(r"\]\(((?!https?:|#)[^)\s]+)\)", text):
        assert ((ROOT / page).parent / target.split("#")[0]).exists(), target


def test_no_page_has_a_hole() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        assert not re.findall(r"@[A-Z]+@", page.read_text(encoding="utf-8")), page
