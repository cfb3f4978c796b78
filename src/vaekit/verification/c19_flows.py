"""C19: log-determinants of flows against autograd, densities that integrate to 1, masks proved by the Jacobian."""

from collections.abc import Callable
from functools import partial
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.functional import jacobian
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vaekit.distributions.quantised import AutoregressiveLaw, CodeGrid
from vaekit.nets import GatedPixelCNN
from vaekit.nets.flows import FLOWS, FlowName
from vaekit.noise import torch_seeded
from vaekit.priors import DiagonalMixture, FlowMatchingPrior, FlowPrior, PushforwardPrior
from vaekit.priors.pushforward import normal_log_density
from vaekit.verification.check import Check, compare

GATE = "C19"
LATENTS, POINTS = 4, 6
REACH, FINE, COARSE = 9.0, 181, 61
"""Grids of so many points on a side over [−REACH, REACH]²; what is smooth needs the coarse one alone."""


def checks() -> list[Check]:
    """Run the row: the change of variables, log p(g(u)) = log N(u; 0, I) − log |det dg/du|, by autograd's Jacobians.

    Source: Papamakarios et al. 2021, https://arxiv.org/abs/1912.02762, equation 7; Chen et al. 2018,
    https://arxiv.org/abs/1806.07366, equation 8 (the trace).
    """
    priors = {kind: generic(partial(_flow, kind=kind, transforms=3)) for kind in FLOWS}
    matching = generic(lambda d: FlowMatchingPrior(d, width=16, steps=40))
    found = [check for kind, prior in priors.items() for check in _change_of_variables(kind, prior)]
    found += _change_of_variables("flow matching", matching)
    return [*found, _divergence(matching), *_integrals(), _mixture(), *_masks()]


def _flow(latents: int, kind: FlowName, transforms: int) -> FlowPrior:
    return FlowPrior(latents, kind, transforms, width=16)


def generic(make: Callable[[int], PushforwardPrior], latents: int = LATENTS) -> PushforwardPrior:
    """A prior in float64 with random weights, away from the identity, on codes with a mean and a scale."""
    with torch_seeded(3):
        prior = make(latents).double()
        with torch.no_grad():
            for parameter in prior.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    prior.start(torch.tensor([[-1.0], [2.0]], dtype=torch.float64).expand(2, latents) * 0.4)
    return prior


def _draws(dimensions: int) -> Float[Tensor, "n d"]:
    return torch.randn(POINTS, dimensions, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def _change_of_variables(name: str, prior: PushforwardPrior) -> list[Check]:
    u = _draws(LATENTS)
    slopes = torch.stack([jacobian(prior.push, one) for one in u])
    expected = normal_log_density(u) - torch.linalg.slogdet(slopes).logabsdet
    return [
        compare(
            GATE,
            f"log density by autograd's Jacobian of a draw: {name}",
            expected,
            prior().log_prob(prior.push(u)),
            1e-5,
            "nats",
        )
    ]


def _divergence(prior: PushforwardPrior) -> Check:
    assert isinstance(prior, FlowMatchingPrior)
    y, t = _draws(LATENTS), torch.tensor(0.3, dtype=torch.float64)
    velocity = partial(prior.velocity, t=t)
    slopes = [jacobian(velocity, one).trace() for one in y]
    return compare(GATE, "divergence of a velocity", torch.stack(slopes), prior.divergence(y, t)[1], 1e-8)


def _integrals() -> list[Check]:
    """Sums of densities over a plane; affine flows have kinks, of which a grid of this width sees 1e-3."""
    found = [_integral(kind, partial(_flow, kind=kind, transforms=2), FINE) for kind in FLOWS]
    found.append(_integral("flow matching", lambda d: FlowMatchingPrior(d, width=8, steps=10), COARSE))
    return found


def _integral(name: str, make: Callable[[int], PushforwardPrior], cells: int) -> Check:
    axis = torch.linspace(-REACH, REACH, cells, dtype=torch.float64)
    with torch.no_grad():
        density = generic(make, 2)().log_prob(torch.cartesian_prod(axis, axis)).exp()
    total = density.sum() * (axis[1] - axis[0]).square()
    return Check(GATE, f"integrates to 1 in two dimensions: {name}", 1.0, total.item(), 1e-3)


def _mixture() -> Check:
    """The density by products of matrices against torch's own, where components are narrow and far away."""
    generator = torch.Generator().manual_seed(1)
    mean = 3 * torch.randn(7, LATENTS, generator=generator, dtype=torch.float64)
    std = torch.rand(7, LATENTS, generator=generator, dtype=torch.float64) / 10 + 1e-3
    logits = torch.randn(7, generator=generator, dtype=torch.float64)
    components = Independent(Normal(mean, std, validate_args=False), 1, validate_args=False)
    weights = Categorical(logits=logits, validate_args=False)
    plain = MixtureSameFamily(weights, components, validate_args=False)
    z = mean + std * _draws(LATENTS)[:1]
    measured = DiagonalMixture(logits, mean, std).log_prob(z)
    return compare(GATE, "mixture density by products of matrices", plain.log_prob(z), measured, 1e-6, "nats")


def _masks() -> list[Check]:
    """A MAF sees earlier values alone, a PixelCNN earlier codes alone; and its probabilities sum to 1."""
    flow = generic(lambda d: FlowPrior(d, "maf", 1, 16))
    assert isinstance(flow, FlowPrior)
    seen = jacobian(flow.to_base, _draws(LATENTS)[0])
    grid, levels = CodeGrid(2, 2, 1, 1), 3
    with torch_seeded(4):
        net = GatedPixelCNN(1, levels, 6, 2, 3).double()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(torch.randn_like(parameter) / 2)
    every = torch.tensor(list(product(range(levels), repeat=grid.positions)))
    total = AutoregressiveLaw(net, grid).log_prob(every[..., None]).exp().sum()
    later = _reach(net, grid).triu()
    return [
        compare(GATE, "MAF: no value sees a later one", torch.zeros(()), seen.triu(1), 1e-12),
        compare(GATE, "PixelCNN: no code sees itself or a later one", torch.zeros(()), later, 1e-12),
        Check(GATE, "PixelCNN: the probabilities of all grids sum to 1", 1.0, total.item(), 1e-6),
    ]


def _reach(net: GatedPixelCNN, grid: CodeGrid) -> Float[Tensor, "P P"]:
    """How much the logits of each code (rows) change with the embedding of each (columns)."""
    shape = (1, grid.depth, grid.height, grid.width)

    def logits(embedded: Tensor) -> Tensor:
        hook = net.embedding.register_forward_hook(lambda *_: embedded)
        try:
            return net(torch.zeros(shape, dtype=torch.long)).flatten(0, -2)
        finally:
            hook.remove()

    generator = torch.Generator().manual_seed(6)
    leaf = torch.randn(*shape, net.embedding.embedding_dim, generator=generator, dtype=torch.float64)
    slopes = jacobian(logits, leaf)
    return slopes.abs().sum(1).flatten(1, -2).sum(-1)
