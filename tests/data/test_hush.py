import os

import pytest

from vaekit.data.hush import Hush


def test_what_c_writes_is_dropped_while_anybody_is_inside(capfd: pytest.CaptureFixture[str]) -> None:
    hush = Hush()
    os.write(2, b"before ")
    with hush:
        os.write(2, b"inside ")
        with hush:
            os.write(2, b"deeper ")
        os.write(2, b"still ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_no_descriptor_is_lost() -> None:
    hush = Hush()
    count = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(5):
        with hush:
            pass
    assert (len(os.listdir("/proc/self/fd")) if count else 0) == count


def test_a_process_without_standard_error_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(descriptor: int) -> int:
        raise OSError("bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with Hush():
        pass
