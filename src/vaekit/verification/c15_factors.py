"""C15: metrics of disentanglement of codes whose answers are known: exact ones, doubled, rotated, mixed."""

from itertools import product

import numpy as np
import torch
from jaxtyping import Float64

from vaekit.evaluation.factors import dci, explicitness, factor_vae_score, mig, modularity, sap
from vaekit.verification.check import Check, compare

GATE = "C15"
TOLERANCE = 0.02
FACTORS, VALUES = 5, 4
TURN = np.pi / 9


def checks() -> list[Check]:
    """Run the row: every combination of the factors once, so that they are independent exactly."""
    return [*_identity(), *_doubled(), *_rotated(), *_mixed()]


def _grid(count: int, values: int, repeats: int = 1) -> Float64[np.ndarray, "N K"]:
    return np.array(list(product(np.linspace(-1, 1, values), repeat=count)) * repeats)


def _check(statement: str, expected: float, measured: float) -> Check:
    return Check(GATE, statement, float(expected), measured, TOLERANCE)


def _identity() -> list[Check]:
    """Each dimension is one factor, in another order and on another scale, beside one that is dead."""
    factors = _grid(FACTORS, VALUES)
    codes = np.column_stack([np.zeros(len(factors)), 3 - factors[:, ::-1] * [1, 2, 3, -4, 5]])
    found = dci(codes, factors)
    return [
        _check("MIG of identity", 1, mig(codes, factors).value),
        _check("SAP of identity, R^2", 1, sap(codes, factors).value),
        _check("SAP of identity, classes", 1, sap(codes, _numbered(factors)).value),
        _check("DCI of identity: disentanglement", 1, found.disentanglement.value),
        _check("DCI of identity: completeness", 1, found.completeness.value),
        _check("DCI of identity: informativeness", 1, found.informativeness.value),
        _check("FactorVAE score of identity", 1, factor_vae_score(codes, factors).value),
        _check("modularity of identity", 1, modularity(codes, factors).value),
        _check("explicitness of identity", 1, explicitness(codes[:, [1, 2]], factors[:, [4, 3]]).value),
    ]


def _doubled() -> list[Check]:
    """Two dimensions for each factor: the gaps close, and trees use either, C = 1 - ln 2 / ln 2K."""
    factors = _grid(FACTORS, VALUES)
    codes = np.column_stack([factors, factors])
    found = dci(codes, factors)
    return [
        _check("MIG of doubled factors", 0, mig(codes, factors).value),
        _check("SAP of doubled factors, R^2", 0, sap(codes, factors).value),
        _check("SAP of doubled factors, classes", 0, sap(codes, _numbered(factors)).value),
        _check("DCI of doubled factors: disentanglement", 1, found.disentanglement.value),
        _check(
            "DCI of doubled factors: completeness 1 - ln 2/ln 10",
            1 - np.log(2) / np.log(2 * FACTORS),
            found.completeness.value,
        ),
        _check("FactorVAE score of doubled factors", 1, factor_vae_score(codes, factors).value),
        _check("modularity of doubled factors", 1, modularity(codes, factors).value),
    ]


def _rotated() -> list[Check]:
    """Two factors turned in their plane: R^2 is cos^2 and sin^2; at 45 degrees no dimension is of one factor."""
    factors = _grid(2, VALUES, 100)
    turned = _turned(factors, TURN)
    half = _turned(_grid(2, 2, 400), np.pi / 4)
    binary = _grid(2, 2, 400)
    found = dci(half, binary)
    gap = torch.tensor(np.cos(2 * TURN)).expand(2)
    return [
        compare(GATE, "SAP by 20 degrees: cos 40", gap, torch.tensor(sap(turned, factors).each), 1e-8),
        _check("MIG of two bits by 45 degrees", 0, mig(half, binary).value),
        _check("SAP of two bits by 45 degrees", 0, sap(half, binary).value),
        _check("DCI of two bits by 45 degrees: disentanglement", 0, found.disentanglement.value),
        _check("DCI of two bits by 45 degrees: completeness", 0, found.completeness.value),
        _check("modularity of two bits by 45 degrees", 0, modularity(half, binary).value),
    ]


def _mixed() -> list[Check]:
    """z = (a, a + b) of two bits: I(z1; a) = 1 bit, I(z1; b) = 0, I(z2; a) = I(z2; b) = 1/2 bit."""
    factors = _grid(2, 2, 400)
    codes = np.column_stack([factors[:, 0], factors.sum(1)])
    return [
        _check("MIG of (a, a + b)", 0.5, mig(codes, factors).value),
        _check("SAP of (a, a + b), R^2", 0.5, sap(codes, factors).value),
        _check("modularity of (a, a + b)", 0.5, modularity(codes, factors).value),
    ]


def _numbered(factors: Float64[np.ndarray, "N K"]) -> Float64[np.ndarray, "N K"]:
    """The same factors, their values counted from 0."""
    return np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], 1).astype(np.float64)


def _turned(factors: Float64[np.ndarray, "N 2"], angle: float) -> Float64[np.ndarray, "N 2"]:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return factors @ turn.T
