import os
import signal
import threading

import pytest

from vaekit.training.interrupt import (
    SIGNALS,
    Interrupted,
    stopping_on_interrupt,
    terminated_as_interrupted,
)

BOTH = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@BOTH
@pytest.mark.parametrize("again", SIGNALS, ids=lambda number: number.name)
def test_the_first_signal_is_a_request_and_the_second_an_interrupt(
    number: signal.Signals, again: signal.Signals
) -> None:
    with stopping_on_interrupt() as request:
        assert not request.made
        send(number)
        assert request.made
        with pytest.raises(KeyboardInterrupt):
            send(again)


@BOTH
@pytest.mark.parametrize("interrupted", [False, True])
def test_the_former_handlers_are_put_back(number: signal.Signals, interrupted: bool) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with stopping_on_interrupt():
        assert signal.getsignal(number) not in before
        if interrupted:
            send(number)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_termination_can_be_an_interrupt() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminated_as_interrupted():
        send(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_request_can_be_made_without_a_signal() -> None:
    with stopping_on_interrupt() as request:
        request.make()
        assert request.made


def test_another_thread_trains_without_handlers() -> None:
    made: list[bool] = []

    def train() -> None:
        with terminated_as_interrupted(), stopping_on_interrupt() as request:
            made.append(request.made)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert made == [False]


@pytest.mark.parametrize("saved", [False, True])
def test_whoever_stopped_is_told_how_to_go_on(saved: bool) -> None:
    request = Interrupted("vaekit train --resume run", saved)
    assert str(request) == "vaekit train --resume run"
    assert request.sentence().endswith(": vaekit train --resume run")
    assert ("and saved" in request.sentence()) is saved
