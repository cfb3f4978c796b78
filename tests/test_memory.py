"""Freed memory that stays with the process is not cleared again page by page."""

import platform
import subprocess
import sys

import pytest

_COUNT = """
import resource
import torch
from vaekit.memory import keep_freed_memory
assert keep_freed_memory()
for _ in range(10):
    torch.ones(2**22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2**22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_large_tensors_are_given_the_same_pages_again() -> None:
    """16 MiB have 4096 pages of 4 KiB: twenty tensors would touch 81,920 new ones."""
    ran = subprocess.run([sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 8_000
