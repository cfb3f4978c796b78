"""The encoder of a table: what it sees of each column follows from what the column holds."""

import torch
from torch import Tensor, nn

from vaekit.core import VAE, Likelihood
from vaekit.likelihoods import NegativeBinomialLikelihood, ObservedOnly, PoissonLikelihood
from vaekit.nets import NetOptions, build_encoder
from vaekit.nets.encoder import Encoder
from vaekit.nets.observed import ObservedInputs
from vaekit.nets.table import Seen, TableInputs
from vaekit.spec import Column, DataSpec

SEEN: dict[str, Seen] = {
    "real": "standardised",
    "positive": "logarithm",
    "count": "log of one more",
    "binary": "as it is",
}


def encoder_for(options: NetOptions, spec: DataSpec, likelihood: Likelihood) -> Encoder:
    """The network from an example to its features; columns that are known, and counts, are put on a scale first.

    Args:
        options: of the network.
        spec: of the data.
        likelihood: of the same data; under one of counts the network sees log(1 + x).
    """
    columns = spec.columns
    partial = isinstance(likelihood, ObservedOnly)
    likelihood = likelihood.whole if isinstance(likelihood, ObservedOnly) else likelihood
    if columns is None and isinstance(likelihood, PoissonLikelihood | NegativeBinomialLikelihood):
        columns = tuple(Column("count") for _ in range(spec.dimensions))
    if columns is None and partial:
        inner = build_encoder(options, (2 * spec.shape[0], *spec.shape[1:]))
        return Encoder(nn.Sequential(ObservedInputs(spec.shape), inner), spec.shape, inner.out_features)
    if columns is None:
        return build_encoder(options, spec.shape)
    seen: list[Seen] = [column.categories or SEEN[column.kind] for column in columns]
    inputs = TableInputs(seen, [c.mean for c in columns], [c.std for c in columns])
    inner = build_encoder(options, (inputs.out_features + (spec.dimensions if partial else 0),))
    first = ObservedInputs(spec.shape, inputs) if partial else inputs
    return Encoder(nn.Sequential(first, inner), spec.shape, inner.out_features)


@torch.no_grad()
def set_fill(vae: VAE, x: Tensor, spec: DataSpec) -> None:
    """Let the encoder see the mean of what was observed in place of a missing value, and of a category none.

    Args:
        vae: whose encoder sees masks.
        x: training examples, (N, *E).
        spec: of the data.
    """
    means = x.nanmean(0).nan_to_num(0.0)
    for place, column in enumerate(spec.columns or ()):
        if column.kind == "categorical":
            means[place] = -1.0
    for module in vae.encoder.modules():
        if isinstance(module, ObservedInputs):
            module.fill.copy_(means)
