"""Speed and memory against batch, image size and number of images; every line in a process of its own."""

import json
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import torch

from .memory import watch
from .packing import pack
from .pictures import linked_pictures, synthetic_array

BATCHES = (16, 32, 64, 128, 256, 512)
SIDES = (32, 64, 128)
COUNTS = (1_000, 10_000, 100_000, 1_000_000)
SMALL_SIDE = 16
"""Of the images of the counts: a million of 16 × 16 are 768 MB."""
SPEED = Path(__file__).resolve().parents[1] / "speed.py"


def measure(seconds: float = 3.0, most: int = 1_000_000, most_jpegs: int = 100_000) -> dict[str, object]:
    """The section "scale" of the results.

    Args:
        seconds: of steps for each line.
        most: images in the largest synthetic pack.
        most_jpegs: JPEGs in the largest folder that is packed.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        return {
            "threads": torch.get_num_threads(),
            "against batch, 64 × 64": _against_batch(root, seconds),
            "against side, batch 64": _against_side(root, seconds),
            "against number of images, 16 × 16, batch 64": _against_count(root, seconds, most),
            "packing against number of images, JPEG of 32 × 32": _packing_against_count(root, most_jpegs),
        }


def _one(source: Path, path: str, batch: int, size: str, seconds: float) -> dict[str, float]:
    """Run `speed.py one` and watch it."""
    arguments = {"source": str(source), "path": path, "batch": batch, "size": size, "seconds": seconds}
    threads = str(torch.get_num_threads())
    command = [sys.executable, str(SPEED), "one", "--threads", threads, "--given", json.dumps(arguments)]
    watched = watch(command)
    figures: dict[str, float] = json.loads(watched.output.splitlines()[-1])
    return figures | {"peak private memory, MB": round(watched.private / 1e6)}


def _against_batch(root: Path, seconds: float) -> dict[str, dict[str, float]]:
    source = root / "batch.npy"
    synthetic_array(source, 2_000, 64)
    return {str(batch): _one(source, "bfloat16", batch, "base", seconds) for batch in BATCHES}


def _against_side(root: Path, seconds: float) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for side in SIDES:
        source = root / f"side{side}.npy"
        synthetic_array(source, 1_000, side)
        found[str(side)] = _one(source, "bfloat16", 64, "base", seconds)
    return found


def _against_count(root: Path, seconds: float, most: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for count in (count for count in COUNTS if count <= most):
        needed = 3 * count * 3 * SMALL_SIDE**2
        if (free := shutil.disk_usage(gettempdir()).free) < needed:
            found[f"{count:,}"] = f"left out: needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} are free"
            continue
        array, target = root / "array.npy", root / f"pack{count}"
        synthetic_array(array, count, SMALL_SIDE)
        packing = pack(array, target)
        array.unlink()
        found[f"{count:,}"] = {
            **_one(target, "float32", 64, "tiny", seconds),
            "packing, s": round(packing.seconds, 2),
            "packing, peak private memory, MB": round(packing.private / 1e6),
        }
        shutil.rmtree(target, ignore_errors=True)
    return found


def _packing_against_count(root: Path, most: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for count in (count for count in COUNTS if count <= most):
        source, target = root / f"jpegs{count}", root / "pack"
        linked_pictures(source, count)
        before = time.perf_counter()
        watched = pack(source / "all", target, "--image_size", str(SMALL_SIDE))
        found[f"{count:,}"] = {
            "images/s, whole command": round(count / (time.perf_counter() - before)),
            "peak memory, MB": round(watched.resident / 1e6),
            "peak private memory, MB": round(watched.private / 1e6),
        }
        shutil.rmtree(source)
        shutil.rmtree(target, ignore_errors=True)
    return found
