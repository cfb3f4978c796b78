import os
import signal
import threading

import pytest

from vaekit.training.interrupt import stopping_on_interrupt


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_interrupt_is_a_request_and_the_second_an_interrupt() -> None:
    with stopping_on_interrupt() as request:
        assert not request.made
        interrupt()
        assert request.made
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_the_former_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    for interrupted in (False, True):
        with stopping_on_interrupt():
            assert signal.getsignal(signal.SIGINT) is not before
            if interrupted:
                interrupt()
        assert signal.getsignal(signal.SIGINT) is before


def test_a_request_can_be_made_without_a_signal() -> None:
    with stopping_on_interrupt() as request:
        request.make()
        assert request.made


def test_another_thread_trains_without_handlers() -> None:
    made: list[bool] = []

    def train() -> None:
        with stopping_on_interrupt() as request:
            made.append(request.made)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert made == [False]
