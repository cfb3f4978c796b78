"""C17: the Fréchet distance of Gaussians whose covariances commute has a closed form."""

import torch
from jaxtyping import Float
from torch import Tensor

from vaekit.evaluation.sets import frechet_distance, frechet_of_moments
from vaekit.verification.check import Check

GATE = "C17"
TOLERANCE = 1e-6
DIMENSIONS, EXAMPLES = 12, 40


def checks() -> list[Check]:
    """Run the row: ‖Δμ‖² + Σ_j (√a_j − √b_j)² with a, b the eigenvalues along shared eigenvectors."""
    return [
        _of_moments("all eigenvalues above 0", 0),
        _of_moments("half of them 0 on either side", DIMENSIONS // 2),
        *(_of_samples(examples) for examples in (EXAMPLES, DIMENSIONS // 2)),
        _of_identical_samples(),
    ]


def _of_moments(statement: str, zeros: int) -> Check:
    """a and b, the latter with its zeros at the other end, in a random common basis."""
    generator = torch.Generator().manual_seed(zeros)
    basis = _basis(generator)
    a, b = 3 * torch.rand(2, DIMENSIONS, generator=generator, dtype=torch.float64)
    a[:zeros] = 0
    b[DIMENSIONS - zeros :] = 0
    means = torch.randn(2, DIMENSIONS, generator=generator, dtype=torch.float64)
    expected = (means[0] - means[1]).square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    found = frechet_of_moments(means[0], (basis * a) @ basis.T, means[1], (basis * b) @ basis.T)
    return Check(GATE, f"of moments: {statement}", expected.item(), found, TOLERANCE)


def _of_samples(examples: int) -> Check:
    """y = x U s Uᵀ + t with U the eigenvectors of x's covariance, whose eigenvalues a become a s²."""
    generator = torch.Generator().manual_seed(examples)
    x = 5 + torch.randn(examples, DIMENSIONS, generator=generator, dtype=torch.float64)
    centred = x - x.mean(0)
    a, basis = torch.linalg.eigh(centred.T @ centred / (examples - 1))
    scale = 2 * torch.rand(DIMENSIONS, generator=generator, dtype=torch.float64)
    shift = torch.randn(DIMENSIONS, generator=generator, dtype=torch.float64)
    y = centred @ (basis * scale) @ basis.T + x.mean(0) + shift
    expected = shift.square().sum() + (a.clamp(min=0) * (1 - scale).square()).sum()
    statement = (
        f"of samples: {examples} vectors in {DIMENSIONS} dimensions, scaled along their principal axes"
    )
    return Check(GATE, statement, expected.item(), frechet_distance(x, y), TOLERANCE)


def _of_identical_samples() -> Check:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(EXAMPLES, DIMENSIONS, generator=generator, dtype=torch.float64)
    return Check(GATE, "of a set and itself", 0.0, frechet_distance(x, x.flip(0)), TOLERANCE)


def _basis(generator: torch.Generator) -> Float[Tensor, "d d"]:
    return torch.linalg.qr(torch.randn(DIMENSIONS, DIMENSIONS, generator=generator, dtype=torch.float64))[0]
