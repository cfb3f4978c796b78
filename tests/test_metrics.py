import subprocess
import sys
from dataclasses import replace

import pytest

from vaekit.errors import UserError
from vaekit.metrics import FAST, IN_FEATURES, METRICS, Measuring, chosen


def test_nothing_asked_for_is_what_is_fast_and_what_a_named_space_allows() -> None:
    assert chosen([]) == FAST
    assert set(chosen([], "pixels")) == {*FAST, *IN_FEATURES}


@pytest.mark.parametrize("asked", [["codes,bounds"], ["codes", "bounds"], ["bounds, codes", "codes"]])
def test_groups_come_once_and_in_their_order(asked: list[str]) -> None:
    assert chosen(asked) == ("bounds", "codes")


def test_all_is_all() -> None:
    assert chosen(["all"]) == tuple(METRICS)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("bonds", "did you mean bounds"), ("al", "did you mean all"), ("fid", "known are: all,")],
)
def test_an_unknown_group_suggests_the_right_one(asked: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"no group of metrics is called {asked}; {hint}"):
        chosen(["bounds", asked])


@pytest.mark.parametrize("name", ["importance_samples", "blocks", "generated", "chains", "seeds"])
def test_a_count_is_at_least_one(name: str) -> None:
    with pytest.raises(UserError, match=f"--{name} must be at least 1, got 0"):
        replace(Measuring(), **{name: 0})


def test_names_and_settings_are_known_without_torch() -> None:
    code = "import sys, vaekit.commands.evaluate as e; e._parser(); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
