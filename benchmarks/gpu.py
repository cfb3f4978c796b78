"""The step on one GPU: bare loops, eager and captured as one CUDA graph, and vaekit, plain and fast.

Synthetic images of CelebA's full shape, made on the device: `python benchmarks/gpu.py` takes a few minutes;
`--full` also trains 100 epochs by vaekit's fast path. `--toy --device cpu` runs the same code on a few images,
without the capture.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from machine import RESULTS, record
from speed_parts import ours
from speed_parts.bare import autocast, negative_elbo
from speed_parts.hardware import bandwidth, matrix_peak, wait
from speed_parts.network import SHAPE, plain, training_flops
from speed_parts.rounds import Contender, ratios, spread, take_turns
from torch import Tensor
from torch.optim import Adam

EAGER, CAPTURED = "bare loop, bfloat16", "bare captured loop, bfloat16"
EAGER_PLAIN = "bare loop, float32"
PLAIN, FAST = "vaekit, plain", "vaekit, fast"
PATHS = {PLAIN: "float32", FAST: "bfloat16"}


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Args:
        train: images, CelebA's number by default.
        validation: images.
        batch: images in a step.
        rounds: turns of everybody.
        steps: in a turn.
        epochs: of the training that is extrapolated, or run.
        matrix: side of the matrices whose product is the machine's peak.
        seconds: for which that peak, and the bandwidth, are looked for.
    """

    train: int = 162_770
    validation: int = 19_867
    batch: int = 256
    rounds: int = 7
    steps: int = 100
    epochs: int = 100
    matrix: int = 8192
    seconds: float = 2.0


TOY = Size(train=96, validation=50, batch=16, rounds=2, steps=2, epochs=1, matrix=64, seconds=0.05)


def images(count: int, device: str, seed: int) -> Tensor:
    """Smooth pictures with some grain, (N, 3, 64, 64) uint8, made on the device a part at a time."""
    generator = torch.Generator(device=device).manual_seed(seed)
    made = torch.empty(count, *SHAPE, dtype=torch.uint8, device=device)
    for part in made.split(4096):
        coarse = torch.rand(len(part), 3, 8, 8, generator=generator, device=device)
        smooth = F.interpolate(coarse, size=SHAPE[1:], mode="bilinear", align_corners=False)
        grain = torch.rand(smooth.shape, generator=generator, device=device)
        part.copy_((smooth * 235 + grain * 20).to(torch.uint8))
    return made


def order(count: int, batch: int, device: str) -> Callable[[], Tensor]:
    """Indices of one batch after the other, on the device; a new permutation for every pass."""
    batches: list[Tensor] = []

    def following() -> Tensor:
        if not batches:
            shuffled = torch.randperm(count, device=device)
            batches.extend(shuffled[: count // batch * batch].split(batch))
        return batches.pop()

    return following


def bare_step(stored: Tensor, precision: str, capturable: bool) -> Callable[[Tensor], None]:
    """One hand-written step as a function of the indices of its batch: nothing in it waits for the device."""
    device = stored.device.type
    network = plain().to(device)
    layout = torch.channels_last if precision == "bfloat16" else torch.contiguous_format
    network.train().to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    optimiser = Adam(network.parameters(), lr=1e-3, fused=True, capturable=capturable)

    def step(indices: Tensor) -> None:
        x = stored[indices].to(torch.float32).div(255).contiguous(memory_format=layout)
        # Gradients of None are made anew by the backward pass, in the memory of a graph where one is captured.
        optimiser.zero_grad(set_to_none=True)
        with autocast(precision, device):
            output, mean, log_variance = network(x)
        negative_elbo(output.float(), x, mean.float(), log_variance.float()).backward()
        optimiser.step()

    return step


def captured(step: Callable[[Tensor], None], first: Tensor) -> Callable[[Tensor], None]:
    """The step as one CUDA graph; what changes from call to call is copied into the place it reads.

    Source: torch's notes on CUDA semantics, whole-network capture.
    """
    place = first.clone()
    if place.device.type != "cuda":
        return step
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(place)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(place)

    def replay(indices: Tensor) -> None:
        place.copy_(indices)
        graph.replay()

    return replay


def bare(name: str, stored: Tensor, batch: int, precision: str, capture: bool) -> Contender:
    """A bare loop, eager or captured."""
    device = stored.device.type
    following = order(len(stored), batch, device)
    step = bare_step(stored, precision, capturable=capture and device == "cuda")
    if capture:
        step = captured(step, following())

    def take(steps: int) -> None:
        for _ in range(steps):
            step(following())
        wait(device)

    return Contender(name, batch, take)


def waiting(contender: Contender, device: str) -> Contender:
    """A contender whose turn ends when the device is done."""

    def take(steps: int) -> None:
        contender.take(steps)
        wait(device)

    return Contender(contender.name, contender.images_per_step, take)


def measure(size: Size, device: str, full: bool) -> dict[str, object]:
    """Everything, one interleaved run first."""
    train, validation = images(size.train, device, 1), images(size.validation, device, 2)
    trainers = {name: ours.trainer_on(train, validation, path, size.batch) for name, path in PATHS.items()}
    contenders = [
        bare(EAGER_PLAIN, train, size.batch, "float32", capture=False),
        bare(EAGER, train, size.batch, "bfloat16", capture=False),
        bare(CAPTURED, train, size.batch, "bfloat16", capture=True),
        *(waiting(ours.contender(name, trainer), device) for name, trainer in trainers.items()),
    ]
    rates = take_turns(contenders, size.rounds, size.steps).rates
    # As many steps for both, the warm-up's included; the ELBO tells whether the fast path learns the same.
    elbo = {name: round(ours.validation_elbo(t, size.rounds * size.steps), 2) for name, t in trainers.items()}
    found = summary(rates, size, device)
    found[f"validation ELBO after {size.rounds * size.steps + 3} steps, nats"] = elbo
    if full:
        found[f"{size.epochs} epochs, run"] = {
            name: ours.whole_training(ours.trainer_on(train, validation, path, size.batch), size.epochs)
            for name, path in PATHS.items()
        }
    return found


def summary(rates: dict[str, list[float]], size: Size, device: str) -> dict[str, object]:
    """Rates, what they say of a whole training, and how near the roofline they are."""
    flops = training_flops(plain())
    peak = matrix_peak(torch.bfloat16, size.matrix, size.seconds, device)
    limit = peak * 1e9 / flops
    medians = {name: statistics.median(values) for name, values in rates.items()}
    total = size.epochs * (size.train // size.batch * size.batch)
    return {
        "images": f"{size.train:,} for training, {size.validation:,} for validation, {SHAPE}, synthetic",
        "batch": size.batch,
        "GFLOP per training image": round(flops / 1e9, 4),
        "matrix product bfloat16, TFLOP/s": round(peak / 1e3, 2),
        "copy, GB/s": round(bandwidth(64 if device == "cpu" else 1024, size.seconds, device), 1),
        "images/s": {name: spread(values) for name, values in rates.items()},
        "fraction of the bfloat16 roofline": {name: round(rate / limit, 4) for name, rate in medians.items()},
        f"{size.epochs} epochs, extrapolated, seconds": {
            name: round(total / rate, 1) for name, rate in medians.items()
        },
        "roofline, seconds": round(total / limit, 1),
        "ratios": {
            f"{one} / {other}": ratios(rates, one, other)
            for one, other in ((FAST, CAPTURED), (FAST, EAGER), (PLAIN, EAGER_PLAIN), (FAST, PLAIN))
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--batch", type=int, default=None)
    parser.add_argument("--full", action="store_true", help="really train 100 epochs, by both paths")
    parser.add_argument("--toy", action="store_true", help="a few images and steps: for tests")
    parser.add_argument("--out", type=Path, default=None, help=f"default: {RESULTS.name}/gpu.json")
    given = parser.parse_args(arguments)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("no CUDA device is at hand; --device cpu --toy runs the same code on a few images")
    size = TOY if given.toy else Size()
    if given.batch is not None:
        size = Size(batch=given.batch)
    found = measure(size, given.device, given.full)
    if given.out is None:
        record("gpu", found)
    else:
        given.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
