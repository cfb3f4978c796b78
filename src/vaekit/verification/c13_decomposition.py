"""C13: the KL is mutual information, total correlation and the dimensions' own KLs; estimates by enumeration."""

from collections.abc import Callable
from itertools import permutations, product

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, Normal

from vaekit.core import Site, Trace
from vaekit.objectives import decomposed, log_aggregate
from vaekit.verification.check import Check, compare
from vaekit.verification.linear import noise_for

GATE = "C13"
EXAMPLES, DIMENSIONS, VALUES = 5, 3, 3
BATCH = 3
EXACT = 1e-10
Estimate = Callable[[Tensor], Tensor]
"""log q(z_i | x_j) of a batch -> what is said of each q(z_i)."""


def checks() -> list[Check]:
    """Run the row: Chen et al. 2018, https://arxiv.org/abs/1802.04942, equations 2 and 10."""
    return [*_identity_checks(), *_estimator_checks()]


def _identity_checks() -> list[Check]:
    """Of latents with 3³ values: vaekit's parts, averaged over q(z | x), beside sums over tables."""
    q, p = _tables()
    z = torch.tensor(list(product(range(VALUES), repeat=DIMENSIONS)))
    parts = decomposed(_trace(z, q, p))
    of_z_given_x = _joint(q, z)
    mean = [
        (of_z_given_x.T * part).sum() / EXAMPLES
        for part in (parts.mutual_information, parts.total_correlation, parts.dimension_kl)
    ]
    aggregate, marginals = of_z_given_x.mean(0), q.mean(0)
    expected = [
        (of_z_given_x * (of_z_given_x / aggregate).log()).sum() / EXAMPLES,
        (aggregate * (aggregate / _joint(marginals[None], z)[0]).log()).sum(),
        (marginals * (marginals / p).log()).sum(),
    ]
    rate = (q * (q / p).log()).sum() / EXAMPLES
    names = ("mutual information", "total correlation", "KL of the dimensions")
    return [
        *(
            compare(GATE, f"{name} by tables", wanted, found, EXACT, "nats")
            for name, wanted, found in zip(names, expected, mean, strict=True)
        ),
        compare(GATE, "KL = MI + TC + sum of KL_j", rate, torch.stack(mean).sum(), EXACT, "nats"),
    ]


def _estimator_checks() -> list[Check]:
    """All ordered batches of 3 of 5 examples, each with one draw: what an estimate of q(z_i) is on average."""
    log_q = _pairs()
    exact = log_q.exp().mean(1, keepdim=True)
    own = log_q.exp().diagonal()[:, None]
    others = (log_q.exp().sum(1, keepdim=True) - own) / (EXAMPLES - 1)
    stratified = _averages(log_q, lambda pairs: log_aggregate(pairs, EXAMPLES).exp())
    weighted = _averages(log_q, lambda pairs: log_aggregate(pairs, EXAMPLES, "weighted").exp())
    too_low = (exact.log() - _averages(log_q, lambda pairs: log_aggregate(pairs, EXAMPLES))).min()
    weights = _copied_weights()
    copied = _averages(log_q, lambda pairs: (weights * pairs.exp()).sum(1))
    off = (copied / exact).log().abs().max()
    return [
        compare(GATE, "stratified: E of the estimate = q(z)", exact, stratified, EXACT),
        Check(
            GATE, "stratified: E log of it is below log q(z)", 1e-3, too_low.item(), 0.0, "nats", "at_least"
        ),
        compare(
            GATE,
            "weighted: E of the estimate = (q(z|x) + 2 mean of the others) / (5 * 3)",
            (own + (BATCH - 1) * others) / (EXAMPLES * BATCH),
            weighted,
            EXACT,
        ),
        Check(
            GATE,
            "stratified weights in columns, as widely copied: E is off q(z)",
            0.05,
            off.item(),
            0.0,
            "nats",
            "at_least",
        ),
    ]


def _tables() -> tuple[Float[Tensor, "N d n"], Float[Tensor, "d n"]]:
    """q(z_j | x_n) and p(z_j)."""
    numbers = noise_for(EXAMPLES + 1, 13).normal(
        "tables", (EXAMPLES + 1, DIMENSIONS, VALUES), 0, torch.zeros((), dtype=torch.float64)
    )
    tables = numbers.softmax(-1)
    return tables[:-1], tables[-1]


def _trace(z: Int[Tensor, "S d"], q: Float[Tensor, "N d n"], p: Float[Tensor, "d n"]) -> Trace:
    """Every value of z as a draw of every example."""
    draws = z[:, None].expand(-1, EXAMPLES, -1)
    seen = Normal(torch.zeros(EXAMPLES, dtype=torch.float64), 1.0, validate_args=False)
    return Trace(torch.zeros(EXAMPLES, dtype=torch.float64), (Site("z", draws, _law(p), _law(q)),), seen)


def _law(table: Float[Tensor, "*N d n"]) -> Distribution:
    return Independent(Categorical(probs=table, validate_args=False), 1, validate_args=False)


def _joint(table: Float[Tensor, "N d n"], z: Int[Tensor, "S d"]) -> Float[Tensor, "N S"]:
    """Π_j q(z_j | x_n) of every z."""
    return torch.stack([table[:, j, z[:, j]] for j in range(DIMENSIONS)]).prod(0)


def _pairs() -> Float[Tensor, "N N"]:
    """log q(z_i | x_n) of Gaussians that overlap, one draw z_i of each example."""
    like = torch.zeros((), dtype=torch.float64)
    means = noise_for(EXAMPLES, 14).normal("means", (EXAMPLES, 2), 0, like)
    z = means + 0.7 * noise_for(EXAMPLES, 14).normal("draws", (EXAMPLES, 2), 0, like)
    return Normal(means, 0.7, validate_args=False).log_prob(z[:, None]).sum(-1)


def _averages(log_q: Float[Tensor, "N N"], estimate: Estimate) -> Float[Tensor, "N B"]:
    """The mean of an estimate for each z at each place of a batch, over all batches with its example there."""
    sums = torch.zeros(EXAMPLES, BATCH, dtype=torch.float64)
    batches = list(permutations(range(EXAMPLES), BATCH))
    for batch in batches:
        chosen = torch.tensor(batch)
        sums[chosen, torch.arange(BATCH)] += estimate(log_q[chosen][:, chosen])
    return sums / (len(batches) / EXAMPLES)


def _copied_weights() -> Float[Tensor, "B B"]:
    """1/N in the first column and (N−M)/(NM) in the second, M = B − 1, where they belong on diagonals; else 1/M."""
    others = BATCH - 1
    weights = torch.full((BATCH, BATCH), 1 / others, dtype=torch.float64)
    weights[:, 0] = 1 / EXAMPLES
    weights[:, 1] = (EXAMPLES - others) / (EXAMPLES * others)
    return weights
