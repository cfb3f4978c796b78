import io

import pytest
from rich.console import Console

from vaekit.training.reporting import (
    Lines,
    Reporter,
    Silent,
    Stream,
    Terminal,
    clock,
    progress_line,
    reporter_for,
)

VALUES = {"loss": 92.5, "nll": 80.123, "kl": 12.0, "weight_kl": 1.0}
SHOWN = " 25%  epoch 1/4  loss 92.50  nll 80.12  kl 12.00  weight_kl 1.00  1:30 left"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Clock:
    hand = Clock()
    monkeypatch.setattr("vaekit.training.reporting.time.monotonic", hand)
    return hand


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599.7, "1:00:00"), (90061, "25:01:01")],
)
def test_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_line_holds_every_term_and_the_time_left() -> None:
    assert progress_line(0.25, "epoch 1/4", VALUES, 30.0) == SHOWN
    assert progress_line(0.0, "epoch 1/4", {}, 30.0).endswith("? left")
    assert progress_line(1.0, "epoch 4/4", {}, 30.0).endswith("0:00 left")


def test_lines_come_at_intervals(now: Clock) -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    assert not lines.due()
    now.now += 10
    assert lines.due()
    lines.progress(0.25, "epoch 1/4", VALUES, 30.0)
    assert not lines.due()
    lines.say("a line")
    lines.close()
    assert stream.getvalue() == SHOWN + "\na line\n"


def test_a_terminal_redraws_one_line(now: Clock) -> None:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, force_terminal=True, width=100))
    terminal.close()
    assert not terminal.due()
    now.now += 0.3
    assert terminal.due()
    for done in (0.1, 0.25):
        terminal.progress(done, "epoch 1/4", VALUES, 30.0)
    terminal.say("brackets [bold] are kept")
    terminal.close()
    terminal.close()
    written = stream.getvalue()
    assert SHOWN in written
    assert "brackets [bold] are kept\n" in written
    assert "\x1b[2K" in written  # the line is erased again


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()
    silent.say("hello")
    silent.progress(0.5, "epoch", VALUES, 1.0)
    silent.close()
    assert not silent.due()
    assert capsys.readouterr() == ("", "")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "kind"), [(Screen(), Terminal), (io.StringIO(), Lines), (None, Lines)])
def test_the_reporter_fits_the_stream(stream: Stream | None, kind: type[Reporter]) -> None:
    assert isinstance(reporter_for(stream), kind)
