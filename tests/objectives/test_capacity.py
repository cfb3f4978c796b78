import pytest
import torch
from torch.distributions import Independent, Normal

from vaekit.core import Site, Trace
from vaekit.errors import UserError
from vaekit.objectives import KL, NLL, Capacity, Objective


def trace_of(*names: str) -> Trace:
    generator = torch.Generator().manual_seed(0)
    sites = []
    for name in names:
        mean = torch.randn(6, 3, generator=generator)
        q = Independent(Normal(mean, 0.3, validate_args=False), 1, validate_args=False)
        p = Independent(Normal(torch.zeros(3), 1.0, validate_args=False), 1, validate_args=False)
        sites.append(Site(name, mean, p, q))
    return Trace(torch.zeros(6, 3), tuple(sites), sites[0].posterior)


@pytest.mark.parametrize(("progress", "capacity"), [(0.0, 0.0), (0.1, 2.0), (0.5, 10.0), (1.0, 10.0)])
def test_the_rate_is_held_at_what_the_progress_says(progress: float, capacity: float) -> None:
    trace = trace_of("z")
    value = Capacity(7.0, 10.0, over=0.5).at(torch.tensor(progress))(trace)
    torch.testing.assert_close(value, 7.0 * (KL()(trace) - capacity).abs())


def test_an_objective_passes_its_progress_on() -> None:
    trace, objective = trace_of("z"), NLL() + Capacity(2.0, 8.0, over=0.8)
    assert isinstance(objective, Objective)
    value, scalars = objective.value(trace, torch.tensor(0.2))
    expected = (KL()(trace) - 2.0).abs() * 2
    torch.testing.assert_close(value, NLL()(trace) + expected)
    torch.testing.assert_close(scalars["capacity"], expected.mean())
    assert objective.settled == 0.8
    assert objective.per_example


def test_without_a_progress_it_is_the_whole_capacity() -> None:
    trace = trace_of("z")
    torch.testing.assert_close(Capacity(1.0, 4.0, over=1.0)(trace), (KL()(trace) - 4.0).abs())
    assert torch.equal(
        Capacity(1.0, 4.0, over=0.0).at(torch.tensor(0.0))(trace), Capacity(1.0, 4.0, 0.0)(trace)
    )


def test_it_holds_the_rate_of_the_sites_it_names() -> None:
    trace = trace_of("colour", "place")
    term = Capacity(3.0, 5.0, 0.0, sites=("place",))
    torch.testing.assert_close(term(trace), 3.0 * (trace.sites[1].kl() - 5.0).abs())
    assert term.name == "capacity_place"
    with pytest.raises(UserError, match="names the site plac; did you mean place"):
        Capacity(3.0, 5.0, 0.0, sites=("plac",))(trace)


@pytest.mark.parametrize(
    "arguments", [(-1.0, 1.0, 0.5), (1.0, -1.0, 0.5), (1.0, 1.0, 1.5), (1.0, float("nan"), 0.5)]
)
def test_what_is_no_capacity_is_refused(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(UserError):
        Capacity(*arguments)
