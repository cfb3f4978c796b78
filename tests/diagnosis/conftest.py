"""A perfect linear model of Gaussian data: the healthiest patient there is, and what planted illnesses start from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from vaekit import build_recipe
from vaekit.data import Data, load
from vaekit.data.splits import SplitOptions
from vaekit.diagnosis import Commands, Patient
from vaekit.recipes.closed_form import set_to_ppca
from vaekit.recipes.table import parameters_of

COMMANDS = Commands("vaekit", "runs/a", "data.npy", "vae", frozenset(parameters_of("vae")))


def gaussian(examples: int, values: int, latents: int, seed: int = 0) -> Data:
    """x = W z + noise of variance 1, with signals of variance 9."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(values, latents)))[0]
    x = 3 * rng.normal(size=(examples, latents)) @ basis.T + rng.normal(size=(examples, values))
    # Long double held-out splits: what is not found there is not lost to noise.
    return load({"x": x.astype(np.float32)}, split=SplitOptions(validation=0.2, test=0.2))


def patient_of(data: Data, latents: int, options: Mapping[str, object] | None = None) -> Patient:
    """The closed-form optimum."""
    model = build_recipe("ppca", data.spec, latents=latents).model.eval()
    set_to_ppca(model, torch.as_tensor(np.asarray(data.train.array)))
    return Patient(model, data, (), None, None, 0, COMMANDS, options or {})


@dataclass(frozen=True)
class Chair:
    """Makes patients."""

    healthy: Patient

    def with_options(self, **options: object) -> Patient:
        return replace(self.healthy, options=options)


@pytest.fixture
def chair() -> Chair:
    """8 latents, 4,000 examples of 16 values."""
    return Chair(patient_of(gaussian(4000, 16, 8), 8))


@pytest.fixture(scope="session")
def wide() -> Callable[[], Patient]:
    """128 latents: mutual information far above what 10,000 codes can show."""
    data = gaussian(10_000, 160, 128)
    return lambda: patient_of(data, 128)
