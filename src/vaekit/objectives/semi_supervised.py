"""Labels as a latent variable that some examples show: the semi-supervised objective."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Parameter

from vaekit.core import VAE, Site, Trace
from vaekit.distributions import OneHot
from vaekit.errors import UserError
from vaekit.noise import Noise, draw
from vaekit.objectives.algebra import MODEL, Losses, Turn
from vaekit.told import context_of, plain


@final
@dataclass(frozen=True)
class SemiSupervised(Turn):
    """−log p(x, y) bounded where the label y is known, −log p(x) where it is not, and −log q(y | x) of known labels.

    With L(x, y) = E_{q(z|x,y)}[−log p(x | y, z) − log p(y)] + KL(q(z | x, y) ‖ p(z)) of every class, labelled
    examples cost L(x, y) − α log q(y | x), the others Σ_y q(y | x) L(x, y) − H(q(y | x)): the sum over classes is
    exact, and so is its gradient. Which label is known is the condition of an example (`vaekit.told`), zeros where
    none is.

    Args:
        label: site of y, one categorical variable; the other site is z, which sees y.
        weight: α ≥ 0.

    Source: Kingma et al. 2014, Semi-supervised learning with deep generative models,
    https://arxiv.org/abs/1406.5298, equations 6, 7 and 9.
    """

    label: str
    weight: float

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise UserError(f"the weight of the classifier is at least 0, got {self.weight}")

    @property
    def players(self) -> tuple[str, ...]:
        """The model alone."""
        return (MODEL,)

    @property
    def settled(self) -> float:
        """From the start."""
        return 0.0

    @property
    def per_example(self) -> bool:
        """Yes."""
        return True

    def owned(self, vae: VAE) -> Mapping[str, list[Parameter]]:
        """All parameters, the model's."""
        return {MODEL: list(vae.parameters())}

    def losses(self, vae: VAE, x: Tensor, noise: Noise, progress: Tensor) -> Losses:
        """Trace every class of every example and weigh them by what is known."""
        trace = self.every_class(vae, plain(x), noise)
        by_name = {site.name: site for site in trace.sites}
        label = by_name[self.label]
        others = torch.stack([site.kl() for site in trace.sites if site is not label]).sum(0)
        cost = -trace.log_likelihood + others - label.log_p
        log_q = label.log_q
        known = self._known(x, log_q)
        shown = known.sum(0)
        labelled = (known * (cost - self.weight * log_q)).sum(0)
        unlabelled = (log_q.exp() * (cost + log_q)).sum(0)
        loss = (labelled + (1 - shown) * unlabelled).mean()
        right = (known.argmax(0) == log_q.argmax(0)) * shown
        scalars = {"loss": loss, "unlabelled": unlabelled.mean()}
        scalars |= {"accuracy_labelled": right.sum() / shown.sum().clamp(min=1)}
        return Losses({MODEL: loss}, {name: value.detach() for name, value in scalars.items()}, trace)

    def every_class(self, vae: VAE, x: Float[Tensor, "B *E"], noise: Noise) -> Trace:
        """The trace in which y takes each of its K values in turn, (K, B), and z is drawn from q(z | x, y)."""
        features, sites = vae.features(x), list[Site]()
        classes = vae.latents.sites[self.label]
        values = torch.eye(classes, dtype=x.dtype, device=x.device).unsqueeze(1)
        shape = (classes, len(x))

        def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
            q = cast(Distribution, vae.posteriors[name](features, prior, state))
            z = values.expand(*shape, -1) if name == self.label else draw(q, shape, noise, name)
            sites.append(Site(name, z, prior, q))
            return z

        likelihood = vae.walk(choose, shape)
        return Trace(x, tuple(sites), likelihood, noise)

    def _known(self, x: Tensor, log_q: Float[Tensor, "K B"]) -> Float[Tensor, "K B"]:
        context = context_of(x)
        return torch.zeros_like(log_q) if context is None else context.T.to(log_q)


def class_probabilities(vae: VAE, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B K"]:
    """q(y | x) of a model whose top site is a label.

    Raises:
        UserError: if it is none.
    """
    q = vae.encode(x)
    if not isinstance(q, OneHot) or q.logits.shape[-2] != 1:
        raise UserError("this model has no label among its latents: train one with --recipe m2")
    return q.mean
