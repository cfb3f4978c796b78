"""C3: every KL divergence that vaekit uses, against torch's dense normals and against Monte Carlo."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal

from vaekit.core import Site
from vaekit.noise import draw, torch_seeded
from vaekit.posteriors import DiagonalGaussian, FullCovarianceGaussian, GammaPosterior
from vaekit.priors import ConditionalGaussian, GammaPrior, GaussianMixturePrior, GaussianPrior, StandardNormal
from vaekit.verification.check import Check, compare, estimate
from vaekit.verification.linear import noise_for

GATE = "C3"
BATCH, LATENTS, FEATURES = 4, 3, 5
DRAWS = 20_000
WEIGHTS = (0.25, 0.75)
EXACT = 1e-6
LOG_REACH, GAMMA_POINTS = (-120.0, 8.0), 20_001
"""Of log z, beyond which nothing is left of a Gamma."""


def checks() -> list[Check]:
    """Run the row."""
    with torch_seeded(5):
        features = torch.randn(BATCH, FEATURES, dtype=torch.float64)
        standard = StandardNormal(LATENTS).double()()
        conditional = ConditionalGaussian(FEATURES, LATENTS).double()(features.flip(0))
        full_prior = GaussianPrior(torch.randn(LATENTS), _factor()).double()()
        diagonal = DiagonalGaussian(FEATURES, 0, LATENTS).double()(features, standard, None)
        full = FullCovarianceGaussian(FEATURES, 0, LATENTS).double()(features, standard, None)
        means, factors = torch.randn(2, LATENTS), torch.stack([_factor(), _factor()])
        mixture = GaussianMixturePrior(torch.tensor(WEIGHTS), means, factors).double()()
    pairs: dict[str, tuple[Distribution, Distribution]] = {
        "diagonal||standard": (diagonal, standard),
        "diagonal||diagonal": (diagonal, conditional),
        "diagonal||full": (diagonal, full_prior),
        "full||standard": (full, standard),
        "full||diagonal": (full, conditional),
        "full||full": (full, full_prior),
    }
    found: list[Check] = []
    for key, (name, (q, p)) in enumerate(pairs.items()):
        found += _pair(name, _site(q, p, key))
    found += _gamma(features)
    return [*found, *_mixture(_site(full, mixture, 9), means.double(), factors.double())]


def _factor() -> Tensor:
    lower = torch.randn(LATENTS, LATENTS).tril(-1)
    return lower + torch.diag(0.5 + torch.rand(LATENTS))


def _site(q: Distribution, p: Distribution, key: int) -> Site:
    z = draw(q, (DRAWS, BATCH), noise_for(BATCH, key), "z")
    return Site("z", z.detach(), p, q)


def _pair(name: str, site: Site) -> list[Check]:
    """KL(q ‖ p) of a site against dense normals, as a sum over dimensions, and as a mean of log q − log p."""
    kl = site.kl()[0].detach()
    dense = torch.distributions.kl_divergence(_dense(site.posterior), _dense(site.prior))
    found = [
        compare(GATE, f"KL {name} against torch's dense normals", dense, kl, EXACT, "nats"),
        _monte_carlo(f"KL {name} against the mean of log q - log p", kl, site),
    ]
    if isinstance(site.posterior, Independent) and isinstance(site.prior, Independent):
        total = site.kl_per_dim()[0].sum(-1)
        found.append(compare(GATE, f"KL {name}, summed over dimensions", dense, total, EXACT, "nats"))
    return found


def _dense(distribution: Distribution) -> MultivariateNormal:
    """The same normal by its mean and covariance matrix, as torch knows it."""
    if isinstance(distribution, MultivariateNormal):
        covariance = distribution.covariance_matrix
    else:
        covariance = distribution.variance.diag_embed()
    return MultivariateNormal(distribution.mean, covariance, validate_args=False)


def _monte_carlo(statement: str, kl: Tensor, site: Site) -> Check:
    ratios = (site.log_q - site.log_p).mean(-1).detach()
    return estimate(GATE, statement, kl.mean().item(), ratios, "nats")


def _gamma(features: Float[Tensor, "B F"]) -> list[Check]:
    """KL of two Gammas against ∫ q log q/p by the trapezoid rule over log z, and as a mean of log q − log p."""
    with torch_seeded(6):
        posterior = GammaPosterior(FEATURES, 0, LATENTS).double()
    prior = GammaPrior(LATENTS, 0.7, 0.4).double()()
    q = posterior(features, prior, None)
    t = torch.linspace(*LOG_REACH, GAMMA_POINTS, dtype=torch.float64).reshape(-1, 1, 1)
    log_q, log_p = (d.base_dist.log_prob(t.exp()) for d in (q, prior))
    exact = torch.trapezoid((log_q + t).exp() * (log_q - log_p), t.flatten(), dim=0).sum(-1).detach()
    site = _site(q, prior, 10)
    kl = site.kl()[0].detach()
    return [
        compare(GATE, "KL gamma||gamma against quadrature", exact, kl, EXACT, "nats"),
        compare(
            GATE,
            "KL gamma||gamma, summed over dimensions",
            exact,
            site.kl_per_dim()[0].sum(-1),
            EXACT,
            "nats",
        ),
        _monte_carlo("KL gamma||gamma against the mean of log q - log p", kl, site),
    ]


def _mixture(site: Site, means: Float[Tensor, "M d"], factors: Float[Tensor, "M d d"]) -> list[Check]:
    """A mixture has no closed-form KL: it is log q − log p, and equal components make it a normal's."""
    q, z = site.posterior, site.z
    components = MultivariateNormal(means, factors @ factors.mT, validate_args=False)
    weights = torch.tensor(WEIGHTS)
    log_p = (weights.double().log() + components.log_prob(z.unsqueeze(-2))).logsumexp(-1)
    identity = torch.eye(LATENTS).expand(2, -1, -1)
    twins = GaussianMixturePrior(weights, torch.zeros(2, LATENTS), identity).double()()
    drawn = Site("z", z, twins, q).kl().mean(-1).detach()
    closed = torch.distributions.kl_divergence(_dense(q), _dense(StandardNormal(LATENTS).double()()))
    fallback = _dense(q).log_prob(z) - log_p
    statement = "KL full||mixture of equal components = KL full||standard"
    return [
        compare(GATE, "KL full||mixture is log q - log p of each draw", fallback, site.kl(), EXACT, "nats"),
        estimate(GATE, statement, closed.mean().item(), drawn, "nats"),
    ]
