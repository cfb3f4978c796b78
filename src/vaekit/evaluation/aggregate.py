"""How the aggregate posterior q(z) lies to the prior p(z): mutual information, marginal KL, and a classifier."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.errors import UserError
from vaekit.evaluation.holes.codes import encoded
from vaekit.evaluation.overlap import log_aggregate
from vaekit.evaluation.ranks import share_below
from vaekit.noise import Noise, Shard, draw

ENCODED = 2000
"""Examples that make q̂; more are dear, and ln N grows slowly."""
CLASSIFIED = 4000
FEWEST_CODES = 2000
"""Codes of a split that a classifier sees; of a small split every example gives several."""
FEWEST = 20
MOST_PRODUCTS = 24
"""Dimensions up to which a classifier sees the products of two."""


@final
@dataclass(frozen=True)
class Information:
    """Rate = mutual information + marginal KL, at the top site.

    Args:
        mutual: E log q(z | x) − log q̂(z), q̂ = (1/N) Σ q(z | x_n), nats.
        standard_error: of it, over examples.
        rate: E log q(z | x) − log p(z), nats.
        marginal: E log q̂(z) − log p(z) = rate − mutual, nats.
        marginal_error: its standard error, over examples.
        most: ln N, which `mutual` cannot pass.
    """

    mutual: float
    standard_error: float
    rate: float
    marginal: float
    marginal_error: float
    most: float

    @property
    def saturated(self) -> bool:
        """Whether N is too small: mutual information above ln N − 1 is a bound from below, the marginal KL one
        from above."""
        return self.mutual > self.most - 1


@torch.no_grad()
def information(vae: VAE, examples: Examples, most: int = ENCODED, seed: int = 0) -> Information:
    """Estimate the mutual information of x and the top site's z under q, and KL(q(z) ‖ p(z)).

    q̂ holds the examples that are asked about, so that the mutual information comes out at most ln N: a sound
    lower bound that reaches the truth while it stays well below.

    Args:
        vae: in evaluation mode, with a posterior that has a density.
        examples: of one split.
        most: of them, evenly spaced.
        seed: of one draw from each q.

    Raises:
        CapabilityError: if codes are no vectors of a continuous space.

    Source: Hoffman & Johnson 2016, ELBO surgery, http://approximateinference.org/accepted/HoffmanJohnson2016.pdf.
    """
    seen = encoded(vae, examples, most)
    z = seen.draws(1, seed)[0]
    parts = z.split([q.batch_shape[0] for q in seen.posteriors])
    own = torch.cat([q.log_prob(part) for q, part in zip(seen.posteriors, parts, strict=True)]).double()
    mixture = log_aggregate(seen.posteriors, z).double()
    prior = vae.latents.top().log_prob(z).double()
    root = math.sqrt(len(z))
    return Information(
        (own - mixture).mean().item(),
        (own - mixture).std().item() / root,
        (own - prior).mean().item(),
        (mixture - prior).mean().item(),
        (mixture - prior).std().item() / root,
        math.log(len(z)),
    )


@final
@dataclass(frozen=True)
class TwoSample:
    """How well a classifier tells codes from draws of the prior.

    Args:
        auc: area under its curve on codes it has not seen; ½ where q(z) = p(z), up to the classifier's skill.
        standard_error: of the area, counting each held-out example once.
        held_out: examples it was tested on.
    """

    auc: float
    standard_error: float
    held_out: int


@torch.no_grad()
def two_sample(
    vae: VAE, train: Examples, held_out: Examples, most: int = CLASSIFIED, seed: int = 0
) -> TwoSample:
    """Tell q(z) from p(z): a classifier learns on codes of training examples and is tested on held-out ones.

    Its score is the sum of two log-odds: of a logistic regression on z and its squares and products, which sees
    wrong means and covariances in many dimensions, and of boosted trees, which see other shapes.

    Args:
        vae: in evaluation mode.
        train: whose codes the classifier learns.
        held_out: whose codes test it.
        most: of each split, evenly spaced.
        seed: of draws and trees.

    Raises:
        CapabilityError: if codes are no vectors of a continuous space.
        UserError: for fewer than 20 examples of either split, or codes that are not finite.

    Source: Lopez-Paz & Oquab 2017, Revisiting classifier two-sample tests, https://arxiv.org/abs/1610.06545.
    """
    if min(len(train), len(held_out)) < FEWEST:
        raise UserError(
            f"a classifier of codes needs {FEWEST} training and {FEWEST} held-out examples, there are "
            f"{len(train)} and {len(held_out)}"
        )
    learned, tested = (_codes(vae, examples, most, seed) for examples in (train, held_out))
    count, d = learned.shape[1], learned.shape[2]
    total = learned.shape[0] * count + max(FEWEST_CODES, tested.shape[0] * tested.shape[1])
    noise = Noise(seed, ("two samples",), (Shard(0, total),))
    prior = draw(vae.latents.top(), (total,), noise, "prior").cpu().double()
    to_learn, to_test = prior.split([learned.shape[0] * count, total - learned.shape[0] * count])
    score = _classifier(learned.flatten(0, 1).numpy(), to_learn.numpy(), seed)
    of_codes = torch.as_tensor(score(tested.reshape(-1, d).numpy())).reshape(tested.shape[:2])
    return TwoSample(*area(of_codes, torch.as_tensor(score(to_test.numpy()))), tested.shape[1])


def area(positive: Float[Tensor, "R N"], negative: Float[Tensor, " M"]) -> tuple[float, float]:
    """P(positive > negative) + ½ P(equal) and its standard error, R dependent scores for each of N examples.

    Source: DeLong et al. 1988, https://doi.org/10.2307/2531595.

    Example:
        >>> area(torch.tensor([[2.0, 3.0]]), torch.tensor([0.0, 1.0]))
        (1.0, 0.0)
    """
    of_positive = share_below(positive.flatten(), negative).reshape(positive.shape).mean(0)
    of_negative = 1 - share_below(negative, positive.flatten())
    error = math.hypot(*(v.std().item() / math.sqrt(len(v)) for v in (of_positive, of_negative)))
    return of_positive.mean().item(), error


def _codes(vae: VAE, examples: Examples, most: int, seed: int) -> Float[Tensor, "R N d"]:
    """Draws from q of each example: several where there are few examples."""
    found = encoded(vae, examples, most)
    codes = found.draws(max(1, -(-FEWEST_CODES // len(found))), seed).cpu().double()
    if not bool(codes.isfinite().all()):
        raise UserError("the model's codes are not finite: log sigma of its posteriors has run away")
    return codes


def _classifier(
    codes: Float[np.ndarray, "n d"], prior: Float[np.ndarray, "m d"], seed: int
) -> Callable[[Float[np.ndarray, "k d"]], Float[np.ndarray, " k"]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    z = np.concatenate([codes, prior])
    of_code = np.arange(len(z)) < len(codes)
    # All products of many dimensions would outnumber the codes.
    products = z.shape[1] <= MOST_PRODUCTS

    def terms(z: np.ndarray) -> np.ndarray:
        return (
            PolynomialFeatures(2, include_bias=False).fit_transform(z) if products else np.hstack([z, z**2])
        )

    smooth = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    smooth.fit(terms(z), of_code)
    trees = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, min_samples_leaf=50, random_state=seed
    )
    trees.fit(z, of_code)
    return lambda z: smooth.decision_function(terms(z)) + trees.decision_function(z)
