"""vaekit through its public doors: everything that these benchmarks know of it is in this file."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Linear

from vaekit.core import VAE
from vaekit.data import Data, load
from vaekit.data.batches import Examples
from vaekit.evaluation import bounds
from vaekit.evaluation.measures import MASS, native
from vaekit.posteriors import DiagonalGaussian
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec
from vaekit.training.device import engine
from vaekit.training.loop import Trainer
from vaekit.training.options import TrainingOptions
from vaekit.training.plan import Plan
from vaekit.training.reporting import Reporter
from vaekit.training.state import Progress

from .bare import JoinedEncoder, endless_batches
from .network import LATENTS, Autoencoder
from .rounds import Contender

CONV: Mapping[str, object] = {"net": "conv", "size": "base", "latents": LATENTS}
PRECISIONS = ("float32", "bfloat16")


def options_for(path: str, batch: int, device: str = "cpu") -> TrainingOptions:
    """How a run is told to be plain (float32) or fast (bfloat16, and one CUDA graph where there is one)."""
    if path == "float32":
        return TrainingOptions(batch_size=batch, device=device, speed="plain")
    captured = device == "cuda"
    return TrainingOptions(
        batch_size=batch, device=device, precision="bfloat16", layout="channels_last", captured=captured
    )


def load_from(source: Path | str) -> Data:
    """A data set by its path, as `vaekit train` loads it."""
    return load(str(source))


def train_images(data: Data) -> Tensor:
    """The training images as they are stored, (N, C, H, W) uint8, in memory."""
    values = data.train.values
    return torch.from_numpy(values[:].copy())


def build(recipe: str, spec: DataSpec, **network: object):
    """A recipe with its network."""
    return build_recipe(recipe, spec, **(network or CONV))


def trainer_for(
    recipe: str, data: Data, path: str, batch: int, device: str = "cpu", **network: object
) -> Trainer:
    """What `vaekit train` puts together before its first step."""
    fabric = engine(device)
    train, validation = (Examples.of(data, split, fabric.device) for split in ("train", "validation"))
    made = build(recipe, data.spec, **network)
    return Trainer(made, train, validation, options_for(path, batch, device), fabric)


def trainer_on(
    train: Tensor, validation: Tensor, path: str, batch: int, size: str = "base", seed: int = 0
) -> Trainer:
    """A `vae` on images that lie on a device already, (N, C, H, W) uint8."""
    device = train.device.type
    spec = DataSpec(tuple(train.shape[1:]), 256, float(train[:1000].float().div(255).var(0).mean()))
    torch.manual_seed(seed)
    made = build("vae", spec, net="conv", size=size, latents=LATENTS)
    shown = Examples(train, 255.0, False, flip=True)
    held = Examples(validation, 255.0, False, stream="validation")
    return Trainer(made, shown, held, options_for(path, batch, device), engine(device))


def validation_elbo(trainer: Trainer, steps: int) -> float:
    """The validation ELBO after so many steps, nats, with σ² solved on validation."""
    with trainer.as_scored(steps):
        figures = trainer.validation_figures()
    return next(value for name, value in figures.items() if name.startswith("validation_elbo"))


class _Silent(Reporter):
    def say(self, line: str) -> None:
        pass

    def due(self) -> bool:
        return False

    def progress(self, done: float, where: str, values: Mapping[str, float], elapsed: float) -> None:
        pass

    def close(self) -> None:
        pass


def whole_training(trainer: Trainer, epochs: int) -> dict[str, float]:
    """Train for so many epochs, validation after each included: seconds, and the validation ELBO at the end."""
    rows: list[dict[str, float]] = []
    plan = Plan(epochs, trainer.steps_per_epoch)
    before = time.perf_counter()
    trainer.fit(plan, Progress(), _Silent(), lambda: None, rows.append)
    seconds = time.perf_counter() - before
    elbo = next(value for name, value in rows[-1].items() if name.startswith("validation_elbo"))
    return {"seconds": round(seconds, 1), "validation ELBO, nats": round(elbo, 2)}


def contender(name: str, trainer: Trainer) -> Contender:
    """A trainer that takes its own steps."""
    plan = Plan(1_000_000, trainer.steps_per_epoch)
    batches = endless_batches(len(trainer.train_examples), trainer.batch_size)
    trainer.vae.train()
    done = 0

    def take(steps: int) -> None:
        nonlocal done
        for _ in range(steps):
            trainer.take_step(done, plan, next(batches).to(trainer.fabric.device))
            done += 1

    return Contender(name, trainer.batch_size, take)


def heads(vae: VAE) -> tuple[Linear, Linear]:
    """The layers of μ and of log σ (before its soft bound)."""
    posterior = next(iter(vae.posteriors.values()))
    assert isinstance(posterior, DiagonalGaussian)
    assert isinstance(posterior.log_std, Linear)
    return posterior.mean, posterior.log_std


def own_network(vae: VAE) -> Autoencoder:
    """vaekit's own network modules, without the rest of vaekit."""
    return Autoencoder(JoinedEncoder(vae.encoder, *heads(vae)), vae.decoder)


def weighted_bound(vae: VAE, examples: Examples, samples: int) -> Tensor:
    """The importance-weighted bound of every example, nats."""
    _, by_measure = bounds(vae, examples, {MASS: native}, samples)
    return by_measure[MASS].iwae


def first(examples: Examples, count: int) -> Examples:
    """The first examples of a split."""
    return replace(examples, values=examples.values[:count])


def one_configuration(source: str, path: str, batch: int, size: str, seconds: float) -> dict[str, float]:
    """Time of steps of one configuration; its memory is for the process that started this one to watch."""
    before = time.perf_counter()
    data = load_from(source)
    trainer = trainer_for("vae", data, path, batch, net="conv", size=size, latents=LATENTS)
    ready = time.perf_counter()
    own = contender("vae", trainer)
    own.take(2)
    rates: list[float] = []
    started = time.perf_counter()
    while len(rates) < 3 or time.perf_counter() - started < seconds:
        before_step = time.perf_counter()
        own.take(1)
        rates.append(batch / (time.perf_counter() - before_step))
    return {
        "images/s": round(sorted(rates)[len(rates) // 2], 1),
        "ms of a step": round(1000 * batch / sorted(rates)[len(rates) // 2], 2),
        "seconds to open and build": round(ready - before, 2),
    }
