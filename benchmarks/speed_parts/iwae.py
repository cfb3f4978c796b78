"""The importance-weighted bound of MNIST's test images: vaekit's and Pythae's, of the same weights."""

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vaekit.bounded import softly_bounded
from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.memory import keep_freed_memory

from . import ours, pythae_side
from .bare import JoinedEncoder
from .pictures import SHARED
from .rounds import ratios, spread

SHAPE = (1, 28, 28)
MODEL = {"net": "mlp", "hidden": (200, 200), "latents": 50, "warmup": 0.0}
DEFAULT_BATCH = 100
BATCHES = (500, 1000, 2500, 5000)
TEST_IMAGES = 10_000


class LogVariance(nn.Module):
    """2 log σ with the soft bound that vaekit puts on log σ, so that both score the same posterior.

    Args:
        log_std: the linear layer of log σ.
    """

    def __init__(self, log_std: nn.Module) -> None:
        super().__init__()
        self.log_std = log_std

    def forward(self, features: Tensor) -> Tensor:
        return 2 * softly_bounded(self.log_std(features))


def in_pythae(vae: VAE) -> Any:
    """Pythae's VAE of the same weights."""
    mean, log_std = ours.heads(vae)
    encoder = JoinedEncoder(vae.encoder, mean, LogVariance(log_std))
    decoder = nn.Sequential(vae.decoder, nn.Sigmoid())
    return pythae_side.model(SHAPE, mean.out_features, encoder, decoder, "bce").eval()


def test_images() -> tuple[Tensor, str]:
    """Images of two levels (N, 1, 28, 28), uint8, and what they are, in words."""
    folder = SHARED / "mnist"
    if folder.is_dir():
        values = ours.load_from(folder).test.values[:]
        return torch.from_numpy((values > 127).astype(np.uint8)), "MNIST's test images, rounded to two levels"
    drawn = torch.rand(TEST_IMAGES, *SHAPE, generator=torch.Generator().manual_seed(0))
    return (drawn > 0.8).to(torch.uint8), "random images of two levels (MNIST is not at hand)"


def trained(images: Tensor, steps: int) -> VAE:
    """A `vae` of 200-200 units after a few steps on these images; enough to tell right values from wrong ones."""
    from vaekit.data import Data, Split

    part = Split(images.numpy())
    data = Data("mnist", part, part, part, levels=2, binarise=None, stored_levels=2)
    trainer = ours.trainer_for("vae", data, "float32", 128, **MODEL)
    ours.contender("vae", trainer).take(steps)
    return trainer.vae.eval()


def nll_of_pythae(model: Any, images: Tensor, samples: int, batch: int) -> float:
    """−log p̂(x), mean over the images, of Pythae's `get_nll` (which returns log p̂)."""
    with torch.no_grad():
        return -float(model.get_nll(images.to(torch.float32), n_samples=samples, batch_size=batch))


def best_batch(model: Any, images: Tensor, samples: int) -> int:
    """Which batch size serves Pythae best; one larger than the samples would draw more than were asked for."""
    fitting = [batch for batch in (DEFAULT_BATCH, *BATCHES) if batch <= samples]
    seconds = {batch: _timed(lambda b=batch: nll_of_pythae(model, images, samples, b)) for batch in fitting}
    return min(seconds, key=lambda batch: seconds[batch])


def measure(
    rounds: int = 5, samples: int = 5000, steps: int = 800, ours_at_once: int = 100
) -> dict[str, object]:
    """The section "iwae" of the results.

    Args:
        rounds: turns of everybody.
        samples: K.
        steps: of training before.
        ours_at_once: images that vaekit scores in a turn; Pythae, which takes one after the other, scores four.
    """
    keep_freed_memory()  # as vaekit's command line does; it serves both
    images, words = test_images()
    vae = trained(images, steps)
    examples = Examples(images[:ours_at_once], 1.0, False)
    four = images[:4]
    work: dict[str, tuple[int, Callable[[], object]]] = {
        "vaekit": (ours_at_once, lambda: ours.weighted_bound(vae, examples, samples))
    }
    if pythae_side.installed():
        model = in_pythae(vae)
        best = best_batch(model, images[:1], samples)
        for batch in dict.fromkeys((DEFAULT_BATCH, best)):
            work[pythae_name(batch)] = (len(four), lambda b=batch: nll_of_pythae(model, four, samples, b))
    rates = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, (count, call) in work.items():
            rate = count / _timed(call)
            if turn > 0:
                rates[name].append(rate)
    return {
        "images": words,
        "K": samples,
        "threads": torch.get_num_threads(),
        "ms per image": {name: spread([1000 / r for r in values], 3) for name, values in rates.items()},
        "minutes for 10,000 images": {
            name: round(TEST_IMAGES / spread(values, 6)["median"] / 60, 2) for name, values in rates.items()
        },
        "ratios": {
            f"vaekit / {other}": ratios(rates, "vaekit", other) for other in rates if other != "vaekit"
        },
        "values": agreement(vae, images[:20], samples),
    }


def pythae_name(batch: int) -> str:
    return f"Pythae get_nll, batch_size={batch}" + (" (its default)" if batch == DEFAULT_BATCH else "")


def agreement(vae: VAE, images: Tensor, samples: int, draws: int = 4) -> dict[str, float]:
    """−IWAE of the same images by both, nats: means over the images, and over several sets of draws."""
    own = [
        -ours.weighted_bound(vae, Examples(images, 1.0, False, seed=seed), samples).mean().item()
        for seed in range(draws)
    ]
    found = {"vaekit, nats": round(statistics.mean(own), 4)}
    if not pythae_side.installed():
        return found
    model = in_pythae(vae)
    other = [nll_of_pythae(model, images, samples, min(1000, samples)) for _ in range(draws)]
    error = math.sqrt((statistics.variance(own) + statistics.variance(other)) / draws)
    return found | {
        "Pythae, nats": round(statistics.mean(other), 4),
        "difference, nats": round(statistics.mean(own) - statistics.mean(other), 4),
        "standard error of the difference": round(error, 4),
    }


def _timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
