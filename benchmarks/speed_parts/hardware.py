"""What the machine can do at most: matrix products and memory."""

import time
from collections.abc import Callable

import torch


def wait(device: str) -> None:
    """Until the device has done what it was told; a CPU always has."""
    if device == "cuda":
        torch.cuda.synchronize()


def best_seconds(work: Callable[[], object], seconds: float = 2.0, device: str = "cpu") -> float:
    """The shortest of all repetitions in so many seconds."""
    work()
    wait(device)
    best, started = float("inf"), time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        work()
        wait(device)
        best = min(best, time.perf_counter() - before)
    return best


def matrix_peak(dtype: torch.dtype, side: int = 2048, seconds: float = 2.0, device: str = "cpu") -> float:
    """GFLOP/s of a product of two square matrices."""
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / best_seconds(lambda: a @ b, seconds, device) / 1e9


def bandwidth(megabytes: int = 256, seconds: float = 2.0, device: str = "cpu") -> float:
    """GB/s of a copy, what is read and what is written counted."""
    source = torch.ones(megabytes * 2**20 // 4, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / best_seconds(lambda: target.copy_(source), seconds, device) / 1e9


def measure(seconds: float = 2.0) -> dict[str, object]:
    """The section "machine" of the results."""
    return {
        "threads": torch.get_num_threads(),
        "matrix product float32, GFLOP/s": round(matrix_peak(torch.float32, seconds=seconds), 1),
        "matrix product bfloat16, GFLOP/s": round(matrix_peak(torch.bfloat16, seconds=seconds), 1),
        "copy, GB/s": round(bandwidth(seconds=seconds), 1),
    }
