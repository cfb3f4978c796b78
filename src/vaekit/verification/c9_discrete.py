"""C9: where a discrete latent can be enumerated, bounds and gradient estimators meet their exact values."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Bernoulli, Categorical

from vaekit.core import Site, Trace
from vaekit.estimators import (
    leave_one_out,
    relax_gradient,
    relaxed_given,
    relaxed_of,
    score_function,
    straight_through,
    vimco,
)
from vaekit.information import ExactPosterior, exact_posterior
from vaekit.objectives import iwae_bound
from vaekit.verification.check import Check, compare, estimate, standard_error
from vaekit.verification.linear import noise_for

GATE = "C9"
VALUES = 4
DRAWS = 200_000
OTHERS = 4
BIASED = 20.0
"""Standard errors: a bias of so many is none of chance."""
LOGITS = torch.tensor([0.3, -0.5, 0.8, 0.0], dtype=torch.float64)
PRIOR = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
LIKELIHOOD = torch.tensor([0.9, 0.2, 0.05, 0.6], dtype=torch.float64)
"""p(x = 1 | z), and x = 1 is seen."""
BIT_LOGITS = torch.tensor([0.4, -0.9, 1.3], dtype=torch.float64)
BIT_WEIGHTS = torch.tensor([1.0, -2.0, 0.7], dtype=torch.float64)
CONTROL_TEMPERATURE = 0.5


def checks() -> list[Check]:
    """Run the row: Mnih & Rezende 2016, https://arxiv.org/abs/1602.06725; Grathwohl et al. 2018,
    https://arxiv.org/abs/1711.00123, for RELAX; Bengio et al. 2013 for straight-through.
    """
    exact = _exact()
    log_q = LOGITS.log_softmax(0)
    evidence = PRIOR.dot(LIKELIHOOD).log()
    bounds = [_expected_bound(log_q, count) for count in (1, 2, 4)]
    best = _expected_bound(exact.log_posterior, 3)
    kl = Site("z", exact.values, _law(PRIOR.log()), _law(LOGITS)).kl()[0]
    return [
        compare(
            GATE,
            "log evidence by enumeration = log of Bayes' sum",
            evidence,
            exact.log_evidence,
            1e-6,
            "nats",
        ),
        compare(
            GATE, "ELBO by enumeration = E of one log weight", exact.elbo(log_q), bounds[0], 1e-6, "nats"
        ),
        compare(
            GATE,
            "ELBO = E log p(x|z) - KL",
            log_q.exp().dot(LIKELIHOOD.log()) - kl,
            exact.elbo(log_q),
            1e-6,
            "nats",
        ),
        _above("IWAE_2 exceeds the ELBO", bounds[0], bounds[1]),
        _above("IWAE_4 exceeds IWAE_2", bounds[1], bounds[2]),
        _above("log evidence exceeds IWAE_4", bounds[2], evidence),
        compare(
            GATE, "q = p(z|x): ELBO = log evidence", evidence, exact.elbo(exact.log_posterior), 1e-6, "nats"
        ),
        compare(GATE, "q = p(z|x): IWAE_3 = log evidence", evidence, best, 1e-6, "nats"),
        *_score_checks(),
        *_vimco_checks(),
        *_relax_checks(),
        *_straight_through_checks(),
    ]


def _exact() -> ExactPosterior:
    return exact_posterior(_law(PRIOR.log()), lambda z: LIKELIHOOD[z].log())


def _law(logits: Float[Tensor, "*B n"]) -> Categorical:
    return Categorical(logits=logits, validate_args=False)


def _expected_bound(log_q: Float[Tensor, " n"], count: int) -> Float[Tensor, ""]:
    """E IWAE_K exactly: the bound of all nᴷ tuples of values, each weighted by its probability under q."""
    tuples = torch.cartesian_prod(*[torch.arange(VALUES)] * count).reshape(-1, count).T
    site = Site("z", tuples, _law(PRIOR.log()), _law(log_q))
    seen = Bernoulli(probs=LIKELIHOOD[tuples], validate_args=False)
    trace = Trace(torch.ones(tuples.shape[1], dtype=torch.float64), (site,), seen)
    return site.log_q.sum(0).exp().dot(iwae_bound(trace.log_weight()))


def _above(statement: str, below: Tensor, above: Tensor) -> Check:
    """Both are exact; the rises of this model are of tenths of a nat."""
    return Check(GATE, statement, 1e-6, (above - below).item(), 0.0, "nats", "at_least")


def _score_checks() -> list[Check]:
    """∇ELBO with respect to the logits of q, of every coordinate."""
    logits = LOGITS.clone().requires_grad_()
    (exact,) = torch.autograd.grad(_exact().elbo(logits.log_softmax(0)), logits)
    kinds = {"score function": (1, False), f"score function, {OTHERS} draws less the others": (OTHERS, True)}
    return [
        estimate(GATE, f"{name}: gradient {j} of the ELBO", exact[j].item(), found[:, j], "nats")
        for name, (count, others) in kinds.items()
        for found in [_score_gradients(count, others)]
        for j in range(VALUES)
    ]


def _draws(count: int, key: int) -> Tensor:
    """z ~ q, (count, n), by its cumulative distribution."""
    uniform = noise_for(DRAWS // count, key).uniform("z", (count, DRAWS // count), 1, LOGITS)
    return torch.searchsorted(LOGITS.softmax(0).cumsum(0)[:-1], uniform)


def _score_gradients(count: int, others: bool) -> Float[Tensor, "n 4"]:
    """The estimator's gradient of each independent group of draws."""
    z = _draws(count, count)
    logits = LOGITS.expand(z.shape[1], VALUES).clone().requires_grad_()
    site = Site("z", z, _law(PRIOR.log()), _law(logits))
    gain = LIKELIHOOD[z].log() + site.log_p - site.log_q
    baseline = leave_one_out(gain) if others else 0.0
    surrogate = score_function(gain, site.log_q, baseline).mean(0)
    return torch.autograd.grad(surrogate.sum(), logits)[0]


def _vimco_checks() -> list[Check]:
    """The gradient of the bound of K samples with respect to the logits of q, and its value."""
    logits = LOGITS.clone().requires_grad_()
    exact_bound = _expected_bound(logits.log_softmax(0), OTHERS)
    (exact,) = torch.autograd.grad(exact_bound, logits)
    value, found = _vimco_gradients(OTHERS)
    bound = f"bound of {OTHERS} samples"
    return [
        estimate(GATE, f"VIMCO: the {bound}", exact_bound.item(), value, "nats"),
        *(
            estimate(GATE, f"VIMCO: gradient {j} of the {bound}", exact[j].item(), found[:, j], "nats")
            for j in range(VALUES)
        ),
    ]


def _vimco_gradients(count: int) -> tuple[Float[Tensor, " n"], Float[Tensor, "n 4"]]:
    z = _draws(count, 7)
    logits = LOGITS.expand(z.shape[1], VALUES).clone().requires_grad_()
    site = Site("z", z, _law(PRIOR.log()), _law(logits))
    bound = vimco(LIKELIHOOD[z].log() + site.log_p - site.log_q, site.log_q)
    return bound.detach(), torch.autograd.grad(bound.sum(), logits)[0]


def _relax_checks() -> list[Check]:
    """∇ E f(b) over three bits, with a control variate that knows nothing of f, and with f at relaxed bits."""
    logits = BIT_LOGITS.clone().requires_grad_()
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3)
    law = Bernoulli(logits=logits, validate_args=False)
    (exact,) = torch.autograd.grad(law.log_prob(every).sum(-1).exp().dot(_gain(every)), logits)
    plain = _relax_gradients(lambda z: 0.0 * z.sum(-1))
    kinds = {
        "any control variate": _relax_gradients(lambda z: z.sin().sum(-1) + z[..., 0] * z[..., 1]),
        "f of relaxed bits": _relax_gradients(lambda z: _gain((z / CONTROL_TEMPERATURE).sigmoid())),
    }
    spread = plain.var(0).sum().item()
    below = spread - kinds["f of relaxed bits"].var(0).sum().item()
    return [
        *(
            estimate(GATE, f"RELAX, {name}: gradient {j} of E f(b)", exact[j].item(), found[:, j])
            for name, found in kinds.items()
            for j in range(3)
        ),
        Check(
            GATE,
            f"RELAX's variance is below the score function's {spread:.3g}",
            0.0,
            below,
            0.0,
            "",
            "at_least",
        ),
    ]


def _gain(bits: Float[Tensor, "*S 3"]) -> Float[Tensor, "*S"]:
    """f(b): a log-likelihood with a curve."""
    return -(bits @ BIT_WEIGHTS - 0.4).square()


def _relax_gradients(control: Callable[[Tensor], Tensor]) -> Float[Tensor, "n 3"]:
    noise, shape = noise_for(DRAWS, 11), (DRAWS, 3)
    logits = BIT_LOGITS.expand(shape).clone().requires_grad_()
    drawn, free, given = (noise.uniform(name, shape, 0, logits) for name in ("b", "free", "given"))
    bits = (drawn < logits.detach().sigmoid()).double()
    c, c_given = control(relaxed_of(logits, bits, free)), control(relaxed_given(logits, bits, given))
    return relax_gradient(_gain(bits), logits, bits, c, c_given).detach()


def _straight_through_checks() -> list[Check]:
    """Exact for a linear f of the one-hot z, biased for one with a curve."""
    slope = LIKELIHOOD
    linear = _straight_gradients(lambda y: y @ slope)
    curved = _straight_gradients(lambda y: (y @ slope).square())
    logits = LOGITS.clone().requires_grad_()
    q = logits.softmax(0)
    (of_linear,) = torch.autograd.grad(q @ slope, logits, retain_graph=True)
    (of_curved,) = torch.autograd.grad(q @ slope.square(), logits)
    worst = (curved.mean(0) - of_curved).abs().argmax()
    bias = (curved.mean(0) - of_curved)[worst].abs().item()
    error = standard_error(curved[:, worst])
    return [
        compare(GATE, "straight-through is exact for a linear f", of_linear, linear, 1e-6),
        Check(
            GATE,
            f"straight-through is biased for f^2: by more than {BIASED:g} s.e. (s.e. {error:.2g})",
            BIASED * error,
            bias,
            0.0,
            relation="at_least",
        ),
    ]


def _straight_gradients(f: Callable[[Tensor], Tensor]) -> Float[Tensor, "n 4"]:
    z = _draws(1, 9)[0]
    logits = LOGITS.expand(len(z), VALUES).clone().requires_grad_()
    hard = torch.eye(VALUES, dtype=torch.float64)[z]
    value = f(straight_through(hard, logits.softmax(-1)))
    return torch.autograd.grad(value.sum(), logits)[0]
