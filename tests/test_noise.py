"""Statistical tests have fixed seeds; limits are 5 standard errors, a false-alarm rate of 6·10⁻⁷ a number."""

from itertools import pairwise
from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Categorical,
    Distribution,
    Gamma,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    Poisson,
)

from vaekit.errors import CapabilityError
from vaekit.noise import Noise, Shard, Tape, cut, draw, torch_seeded

LIKE = torch.zeros(())
KINDS = ["normal", "uniform"]


def numbers(
    noise: Noise,
    kind: str,
    name: str = "z",
    lead: tuple[int, ...] = (),
    event: tuple[int, ...] = (3,),
    batch: int | None = None,
) -> Tensor:
    batch = sum(shard.size for shard in noise.shards) if batch is None else batch
    return getattr(noise, kind)(name, (*lead, batch, *event), batch_axis=len(lead), like=LIKE)


@pytest.mark.parametrize("examples", [1, 2, 7, 16, 37, 128])
@pytest.mark.parametrize("shards", [1, 3, 16])
def test_shards_share_the_examples_evenly(examples: int, shards: int) -> None:
    parts = cut(examples, shards)
    sizes = [shard.size for shard in parts]
    assert sum(sizes) == examples
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == min(examples, shards)
    assert [shard.index for shard in parts] == list(range(len(parts)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
@pytest.mark.parametrize("edges", [(0, 3, 5), (0, 1, 2, 3, 4, 5), (0, 4, 5)])
def test_numbers_do_not_depend_on_rank_or_micro_batch(
    kind: str, lead: tuple[int, ...], edges: tuple[int, ...]
) -> None:
    shards = cut(13, 5)
    whole = numbers(Noise(3, (7, 1), shards), kind, lead=lead)
    pieces = [numbers(Noise(3, (7, 1), shards[a:b]), kind, lead=lead) for a, b in pairwise(edges)]
    assert torch.equal(torch.cat(pieces, len(lead)), whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead", [(), (2, 3)])
def test_a_part_of_a_batch_has_the_numbers_of_its_examples(kind: str, lead: tuple[int, ...]) -> None:
    noise = Noise(3, (7, 1), cut(13, 5))
    whole = numbers(noise, kind, lead=lead)
    for start, stop in ((0, 13), (0, 1), (2, 3), (4, 11), (12, 13)):
        part, count = noise.part(start, stop), stop - start
        found = numbers(part, kind, lead=lead, batch=count)
        assert torch.equal(found, whole.narrow(len(lead), start, count))
        again = part.part(count - 1, count)
        assert torch.equal(numbers(again, kind, lead=lead, batch=1), whole.narrow(len(lead), stop - 1, 1))


def test_a_part_refuses_a_batch_of_another_size() -> None:
    with pytest.raises(ValueError, match="for 3 examples was asked for 4"):
        Noise(0, (), cut(8, 2)).part(1, 4).normal("z", (4, 2), 0, torch.zeros(()))


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_do_not_depend_on_what_was_drawn_before(kind: str) -> None:
    noise = Noise(0, (), cut(8, 4))
    first = numbers(noise, kind, "a"), numbers(noise, kind, "b")
    torch.randn(17)
    second = numbers(noise, kind, "b"), numbers(noise, kind, "a")
    assert torch.equal(first[0], second[1])
    assert torch.equal(first[1], second[0])


def test_the_global_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    numbers(Noise(0, (), cut(8, 4)), "normal")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "other",
    [
        (Noise(1, (7,), (Shard(0, 20_000),)), "z"),
        (Noise(0, (8,), (Shard(0, 20_000),)), "z"),
        (Noise(0, (), (Shard(0, 20_000),)), "z"),
        (Noise(0, (7, 0), (Shard(0, 20_000),)), "z"),
        (Noise(0, (7,), (Shard(1, 20_000),)), "z"),
        (Noise(0, (7,), (Shard(0, 20_000),)), "z2"),
    ],
    ids=["seed", "key", "no key", "longer key", "shard", "site"],
)
def test_another_seed_key_shard_or_site_gives_independent_numbers(
    kind: str, other: tuple[Noise, str]
) -> None:
    """A correlation of independent samples has standard error 1/√n."""
    a = numbers(Noise(0, (7,), (Shard(0, 20_000),)), kind, event=())
    b = numbers(other[0], kind, other[1], event=())
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 5 / sqrt(20_000)


def test_shards_of_a_batch_differ() -> None:
    a = numbers(Noise(0, (), cut(4, 4)), "normal")
    assert len(torch.unique(a)) == a.numel()


def test_moments_of_normal_and_uniform_numbers() -> None:
    """Standard errors of mean, variance and fourth moment of N(0, 1): √(1/n), √(2/n), √(96/n)."""
    noise, n = Noise(0, (), cut(1000, 16)), 100_000
    normal = numbers(noise, "normal", event=(100,))
    assert abs(normal.mean().item()) < 5 * sqrt(1 / n)
    assert abs(normal.square().mean().item() - 1) < 5 * sqrt(2 / n)
    assert abs(normal.pow(4).mean().item() - 3) < 5 * sqrt(96 / n)
    uniform = numbers(noise, "uniform", event=(100,))
    assert 0 <= uniform.min() <= uniform.max() < 1
    assert abs(uniform.mean().item() - 0.5) < 5 * sqrt(1 / 12 / n)
    assert abs(uniform.square().mean().item() - 1 / 3) < 5 * sqrt(4 / 45 / n)


def test_numbers_have_the_type_that_is_asked_for() -> None:
    noise = Noise(0, (), cut(4, 2))
    assert noise.normal("z", (4,), 0, torch.zeros((), dtype=torch.float64)).dtype == torch.float64


def test_fresh_noise_follows_the_global_seed() -> None:
    torch.manual_seed(5)
    a, b = Noise.fresh(4), Noise.fresh(4)
    torch.manual_seed(5)
    assert Noise.fresh(4) == a
    assert a != b
    assert a.shards == (Shard(0, 4),)


def mixture(batch: tuple[int, ...] = ()) -> MixtureSameFamily:
    weights = torch.tensor([0.2, 0.5, 0.3]).expand(*batch, 3)
    means = torch.tensor([[-4.0, 0.0], [0.0, 4.0], [3.0, -3.0]]).expand(*batch, 3, 2)
    tril = torch.tensor([[0.5, 0.0], [0.3, 0.7]]).expand(*batch, 3, 2, 2)
    components = MultivariateNormal(means, scale_tril=tril, validate_args=False)
    return MixtureSameFamily(Categorical(probs=weights, validate_args=False), components, validate_args=False)


def diagonal_mixture() -> MixtureSameFamily:
    means = torch.tensor([[-1.0, 0.0], [2.0, 1.0]])
    components = Independent(Normal(means, torch.tensor([0.5, 2.0]), validate_args=False), 1)
    weights = Categorical(probs=torch.tensor([0.25, 0.75]), validate_args=False)
    return MixtureSameFamily(weights, components, validate_args=False)


def full(batch: tuple[int, ...] = ()) -> MultivariateNormal:
    mean = torch.tensor([1.0, -2.0, 0.5]).expand(*batch, 3)
    tril = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.3, 0.0], [-1.0, 0.2, 2.0]]).expand(*batch, 3, 3)
    return MultivariateNormal(mean, scale_tril=tril, validate_args=False)


FAMILIES: dict[str, Distribution] = {
    "normal": Normal(torch.tensor(1.5), torch.tensor(0.3), validate_args=False),
    "diagonal": Independent(
        Normal(torch.tensor([1.0, -1.0]), torch.tensor([0.1, 3.0]), validate_args=False), 1
    ),
    "full": full(),
    "bernoulli": Independent(Bernoulli(probs=torch.tensor([0.1, 0.4, 0.8]), validate_args=False), 1),
    "mixture": mixture(),
    "mixture of diagonals": diagonal_mixture(),
    "batched full": full((50,)),
    "batched mixture": mixture((50,)),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_have_the_moments_of_their_distribution(name: str) -> None:
    distribution, n = FAMILIES[name], 20_000
    z = draw(distribution, (n // 50, 50), Noise(0, (), cut(50, 4)), "z")
    assert z.shape == (n // 50, 50, *distribution.event_shape)
    mean = distribution.mean.reshape(-1, *distribution.event_shape)[0]
    variance = distribution.variance.reshape(-1, *distribution.event_shape)[0]
    centred = z.flatten(0, 1) - mean
    assert (centred.mean(0).abs() < 5 * (variance / n).sqrt()).all()
    error = centred.square().std(0) / sqrt(n)
    assert ((centred.square().mean(0) - variance).abs() < 5 * error).all()


def test_draws_of_a_full_gaussian_have_its_covariance() -> None:
    n = 20_000
    z = draw(full(), (n,), Noise(0, (), cut(n, 4)), "z") - full().mean
    products = z.unsqueeze(-1) * z.unsqueeze(-2)
    assert ((products.mean(0) - full().covariance_matrix).abs() < 5 * products.std(0) / sqrt(n)).all()


@pytest.mark.parametrize("batch", [(), (50,)])
def test_a_mixture_draws_each_component_as_often_as_it_weighs(batch: tuple[int, ...]) -> None:
    """Components lie more than 6 standard deviations apart, so the nearest mean is the component."""
    n = 20_000
    z = draw(mixture(batch), (n // 50, 50), Noise(0, (), cut(50, 4)), "z").flatten(0, 1)
    means = mixture().component_distribution.mean
    frequency = torch.cdist(z, means).argmin(-1).bincount(minlength=3) / n
    weights = torch.tensor([0.2, 0.5, 0.3])
    assert ((frequency - weights).abs() < 5 * (weights * (1 - weights) / n).sqrt()).all()


def test_an_example_draws_from_its_own_mixture() -> None:
    probs = torch.eye(3)
    means = torch.tensor([[-4.0], [0.0], [3.0]]).expand(3, 3, 1)
    components = Independent(Normal(means, torch.full((3, 3, 1), 0.01), validate_args=False), 1)
    q = MixtureSameFamily(Categorical(probs=probs, validate_args=False), components, validate_args=False)
    z = draw(q, (100, 3), Noise(0, (), cut(3, 3)), "z")
    assert ((z - torch.tensor([[-4.0], [0.0], [3.0]])).abs() < 0.06).all()


@pytest.mark.parametrize("name", ["diagonal", "full", "bernoulli", "mixture"])
def test_every_sample_and_example_gets_its_own_draw(name: str) -> None:
    distribution = FAMILIES[name]
    z = draw(distribution, (40, 10), Noise(0, (), cut(10, 3)), "z").flatten(0, 1)
    distinct = len(torch.unique(z, dim=0))
    assert distinct == (8 if name == "bernoulli" else 400)


@pytest.mark.parametrize("name", ["diagonal", "full", "bernoulli", "mixture"])
def test_draws_of_half_a_batch_are_half_the_draws(name: str) -> None:
    shards = cut(10, 4)
    whole = draw(FAMILIES[name], (3, 10), Noise(0, (2,), shards), "z")
    rest = draw(FAMILIES[name], (3, 8), Noise(0, (2,), shards[1:]), "z")
    assert torch.equal(whole[:, 2:], rest)


@pytest.mark.parametrize("name", ["diagonal", "full"])
def test_gaussian_draws_carry_gradients(name: str) -> None:
    """z = μ + L ε: the gradient of Σ z is the number of draws for μ, and ε for the scale."""
    mean = torch.zeros(2, requires_grad=True)
    scale = torch.ones(2, requires_grad=True)
    q: Distribution = (
        MultivariateNormal(mean, scale_tril=scale.diag_embed(), validate_args=False)
        if name == "full"
        else Independent(Normal(mean, scale, validate_args=False), 1)
    )
    z = draw(q, (7,), Noise(0, (), cut(7, 1)), "z")
    by_mean, by_scale = torch.autograd.grad(z.sum(), (mean, scale))
    torch.testing.assert_close(by_mean, torch.full((2,), 7.0))
    torch.testing.assert_close(by_scale, z.detach().sum(0))


def test_a_family_without_a_rule_is_drawn_by_the_seed_and_leaves_torch_s_own_alone() -> None:
    """Its law is the family's: the mean of 4,000 draws lies within 4.5 standard errors √(3)/√4000."""
    rate = torch.ones(4, requires_grad=True)
    gamma = Gamma(torch.full((4,), 3.0), rate, validate_args=False)
    state = torch.random.get_rng_state()
    z = draw(gamma, (1000, 4), Noise(0, (1,), cut(4, 2)), "z")
    assert torch.equal(z, draw(gamma, (1000, 4), Noise(0, (1,), cut(4, 2)), "z"))
    assert not torch.equal(z, draw(gamma, (1000, 4), Noise(0, (2,), cut(4, 2)), "z"))
    assert not torch.equal(z, draw(gamma, (1000, 4), Noise(0, (1,), cut(4, 2)), "y"))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert abs(z.mean().item() - 3) < 4.5 * 3**0.5 / 4000**0.5
    (gradient,) = torch.autograd.grad(z.sum(), rate)
    torch.testing.assert_close(gradient, -z.detach().sum(0))


def test_a_family_without_a_gradient_is_drawn_all_the_same() -> None:
    counts = Poisson(torch.tensor([2.0, 50.0]), validate_args=False)
    z = draw(counts, (500, 2), Noise(0, (), cut(2, 1)), "z")
    assert torch.equal(z, z.round())
    assert 40 < z[:, 1].mean() < 60


def test_a_captured_step_does_not_draw_from_an_unknown_family() -> None:
    gamma = Gamma(torch.ones(2), torch.ones(2), validate_args=False)
    with pytest.raises(CapabilityError, match=r"site z7.*Gamma"):
        draw(gamma, (2,), Noise(0, (), cut(2, 1)).on(Tape()), "z7")


def test_a_tape_gives_its_numbers_in_another_precision() -> None:
    tape, like = Tape(), torch.zeros((), dtype=torch.float64)
    source = Noise(0, (1,), cut(4, 2))
    numbers = source.on(tape).normal("z", (4, 2), 0, like)
    rounded = source.on(tape.to(torch.float32)).normal("z", (4, 2), 0, like)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, numbers.float())


def test_torch_seeded_gives_the_same_numbers_and_leaves_the_generator_alone() -> None:
    before = torch.get_rng_state()
    with torch_seeded(1):
        first = torch.randn(3)
    with torch_seeded(1):
        assert torch.equal(torch.randn(3), first)
    assert torch.equal(torch.get_rng_state(), before)
