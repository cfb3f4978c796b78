"""Flows as modules: who may see whom, and what importing zuko must leave alone."""

import inspect
import subprocess
import sys

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.distributions import Distribution

from vaekit.errors import UserError
from vaekit.nets.flows import FLOWS, autoregressive_flow


@pytest.mark.parametrize("kind", FLOWS)
def test_one_transform_is_triangular_and_the_next_one_the_other_way(kind) -> None:
    z = torch.randn(4, dtype=torch.float64)
    first = jacobian(autoregressive_flow(kind, 4, 1, 8).double()(), z)
    assert torch.equal(first.triu(1), torch.zeros_like(first))
    assert (first.diagonal() > 0).all()
    both = jacobian(autoregressive_flow(kind, 4, 2, 8).double()(), z)
    assert both.triu(1).abs().sum() > 1e-6
    assert both.tril(-1).abs().sum() > 1e-6


@pytest.mark.parametrize("kind", FLOWS)
@pytest.mark.parametrize("features", [1, 3])
def test_a_transform_undoes_itself(kind, features) -> None:
    f = autoregressive_flow(kind, features, 3, 8).double()()
    z = 3 * torch.randn(2, 5, features, dtype=torch.float64)
    torch.testing.assert_close(f.inv(f(z)), z, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("kind", "sizes", "sentence"),
    [
        ("mfa", (3, 2, 8, 8), "no flow is called mfa; did you mean maf?"),
        ("maf", (0, 2, 8, 8), "at least one value"),
        ("maf", (3, 0, 8, 8), "at least one value"),
        ("spline", (3, 2, 8, 1), "two bins"),
    ],
)
def test_impossible_flows_are_refused(kind, sizes, sentence) -> None:
    unchecked = inspect.unwrap(
        autoregressive_flow
    )  # the types, which tests check, refuse a name before it does
    with pytest.raises(UserError, match=sentence):
        unchecked(kind, *sizes)


def test_validation_of_distributions_stays_as_it_was() -> None:
    before = Distribution._validate_args
    autoregressive_flow("maf", 2, 1, 4)
    assert Distribution._validate_args == before


def test_importing_priors_needs_no_zuko() -> None:
    code = "import sys, vaekit.priors; sys.exit('zuko' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
