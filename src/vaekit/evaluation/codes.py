"""The codes of a whole data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
import torch
from jaxtyping import Float32, Int, Shaped, UInt8
from torch import Tensor

from vaekit.core import VAE
from vaekit.data import Data
from vaekit.data.batches import Examples
from vaekit.distributions import Quantised
from vaekit.latents import CodeLatents
from vaekit.noise import Noise

SPLITS = ("train", "validation", "test")


@final
@dataclass(frozen=True, eq=False)
class Codes:
    """Mean and standard deviation of q(z | x) for every example.

    Args:
        mean: (N, d).
        std: (N, d); the square root of the covariance's diagonal; None where every code is a point.
        label: (N,), −1 where there is none.
        file: (N,), names of the examples, "" where there is none.
        split: (N,), train, validation or test.
        index: (N,), where the example stood in the part of the source it came from.
        label_names: of the classes 0, 1, 2 …, where the source names them.
        attribute_names: (A,), where every split has attributes.
        attributes: (N, A), 1 for yes, or None.
        indices: of sites that are grids of codes, which code stands where, (N, P, M).
    """

    mean: Float32[np.ndarray, "N d"]
    std: Float32[np.ndarray, "N d"] | None
    label: Int[np.ndarray, " N"]
    file: Shaped[np.ndarray, " N"]
    split: Shaped[np.ndarray, " N"]
    index: Int[np.ndarray, " N"]
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    attributes: UInt8[np.ndarray, "N A"] | None = None
    indices: Mapping[str, Int[np.ndarray, "N P M"]] = field(default_factory=dict)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays for a .npz file; what the source does not say is left out."""
        found: dict[str, np.ndarray] = {"mean": self.mean}
        if self.std is not None:
            found["std"] = self.std
        found |= {f"indices_{site}": index for site, index in self.indices.items()}
        found |= {
            "label": self.label,
            "file": self.file,
            "split": self.split,
            "index": self.index,
        }
        if self.label_names:
            found["label_names"] = np.array(self.label_names)
        if self.attributes is not None:
            found["attributes"] = self.attributes
            found["attribute_names"] = np.array(self.attribute_names)
        return found


@torch.no_grad()
def encode_all(vae: VAE, data: Data, seed: int = 0) -> Codes:
    """Encode train, validation and test, in this order and each in its own."""
    vae.eval()
    means: list[np.ndarray] = []
    stds: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    names: list[str] = []
    splits: list[str] = []
    places: list[np.ndarray] = []
    answers: list[np.ndarray] = []
    indices: dict[str, list[np.ndarray]] = {}
    for name in SPLITS:
        split = data.split(name)
        for _, x, noise in Examples.of(data, name, vae.device, seed).in_order():
            q = vae.encode(x)
            means.append(q.mean.float().cpu().numpy())
            stds.append(q.stddev.float().cpu().numpy())
            for site, index in _indices(vae, x, noise).items():
                indices.setdefault(site, []).append(index)
        labels.append(np.full(len(split), -1) if split.labels is None else split.labels.astype(np.int64))
        names += [""] * len(split) if split.names is None else list(split.names)
        splits += [name] * len(split)
        places.append(split.index_in_source)
        answers += [] if split.attributes is None else [split.attributes]
    everywhere = len(answers) == len(SPLITS)
    return Codes(
        np.concatenate(means),
        None if vae.deterministic else np.concatenate(stds),
        np.concatenate(labels),
        np.array(names),
        np.array(splits),
        np.concatenate(places),
        data.label_names,
        data.attribute_names if everywhere else (),
        np.concatenate(answers) if everywhere else None,
        {site: np.concatenate(parts) for site, parts in indices.items()},
    )


def _indices(vae: VAE, x: Tensor, noise: Noise) -> dict[str, np.ndarray]:
    """Which code stands where, of each site that is a grid of codes."""
    if not isinstance(vae.latents, CodeLatents):
        return {}
    posteriors = {site.name: site.posterior for site in vae.infer(x, noise=noise)}
    return {name: q.indices.cpu().numpy() for name, q in posteriors.items() if isinstance(q, Quantised)}
