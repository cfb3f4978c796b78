import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.core.conditioning import REMEMBERED, Conditioning
from vaekit.errors import CapabilityError, UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, NLL
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import Condition, DataSpec
from vaekit.told import Told

CLASSES = torch.eye(3)


def a_model(prior: str = "shared", recipe: str = "vae", **options: object) -> VAE:
    torch.manual_seed(0)
    condition = Condition("labels", ("a", "b", "c"), prior)  # pyright: ignore[reportArgumentType]
    spec = DataSpec((1, 8, 8), 17, 0.1, condition=condition)
    return build_recipe(recipe, spec, latents=3, size="tiny", **options).model.eval()


def examples(n: int = 5) -> Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


NOISE = Noise(0, (1,), cut(5, 1))


@pytest.mark.parametrize("recipe", ["vae", "hierarchical_vae", "ae"])
def test_the_three_ways_to_tell_agree(recipe: str) -> None:
    vae, x = a_model(recipe=recipe), examples()
    context = CLASSES[torch.tensor([0, 1, 2, 0, 1])]
    said = [vae.reconstruct(Told.of(x, context)), vae.given(context).reconstruct(x)]
    torch.testing.assert_close(said[0], said[1])
    passed = vae.trace(x, (2,), context, NOISE).likelihood.mean
    own = vae.trace(Told.of(x, context), (2,), noise=NOISE).likelihood.mean
    given = vae.given(context).trace(x, (2,), noise=NOISE).likelihood.mean
    torch.testing.assert_close(passed, own, rtol=0, atol=0)
    torch.testing.assert_close(passed, given, rtol=0, atol=0)


def test_examples_keep_their_own_condition_in_a_model_that_was_told_another() -> None:
    vae, x = a_model(), examples()
    own = Told.of(x, CLASSES[[1, 1, 1, 1, 1]])
    torch.testing.assert_close(vae.given(CLASSES[:1]).reconstruct(own), vae.reconstruct(own))


def test_encoder_decoder_and_learned_prior_all_see_the_condition() -> None:
    vae, x = a_model("learned"), examples()
    a, b = vae.given(CLASSES[:1]), vae.given(CLASSES[1:2])
    assert not torch.equal(a.encode(x).mean, b.encode(x).mean)
    z = {"z": torch.zeros(5, 3)}
    assert not torch.equal(a.generate(5, z).mean, b.generate(5, z).mean)
    priors = [told.trace(x, noise=NOISE).sites[0].prior.mean for told in (a, b)]
    assert not torch.equal(*priors)
    shared = a_model().given(CLASSES[:1]).trace(x, noise=NOISE).sites[0].prior
    assert shared.batch_shape == ()


def test_a_view_shares_parameters_and_leaves_the_model_untold() -> None:
    vae = a_model()
    told = vae.given(CLASSES[:1])
    assert [id(p) for p in told.parameters()] == [id(p) for p in vae.parameters()]
    assert vae.context is None
    assert told.state_dict().keys() == vae.state_dict().keys()
    assert vae.given(None) is vae


def test_a_model_that_was_told_nothing_says_so() -> None:
    vae, x = a_model(), examples()
    for ask in (
        lambda: vae.trace(x),
        lambda: vae.reconstruct(x),
        lambda: vae.encode(x),
        lambda: vae.infer(x),
    ):
        with pytest.raises(CapabilityError, match="trained with a condition and was told none"):
            ask()
    with pytest.raises(
        UserError, match=r"5 examples of this model need conditions of shape \(5, 3\), got \(4, 3\)"
    ):
        vae.given(torch.zeros(4, 3)).trace(x)
    with pytest.raises(UserError, match=r"got \(5, 2\)"):
        vae.trace(x, context=torch.zeros(5, 2))


def test_an_ordinary_model_takes_no_notice_of_conditions() -> None:
    vae = build_recipe("vae", DataSpec((1, 8, 8), 17, 0.1), latents=3, size="tiny").model.eval()
    x = examples()
    torch.testing.assert_close(vae.reconstruct(Told.of(x, CLASSES[[0] * 5])), vae.reconstruct(x))


def test_samples_without_a_condition_take_those_of_training() -> None:
    """Two of three classes were seen, the second in a quarter of examples: 4 s.e. of 4000 draws, false alarm 6e-5."""
    vae = a_model()
    assert vae.conditioning is not None
    vae.conditioning.remember(CLASSES[[0, 0, 0, 1]])
    drawn = vae.conditioning.drawn(4000, Noise(0, (), cut(4000, 1)))
    assert (drawn.mean(0) - torch.tensor([0.75, 0.25, 0.0])).abs().max() < 4 * (0.1875 / 4000) ** 0.5
    same = [vae.generate(50, noise=Noise(3, (), cut(50, 1))).mean for _ in range(2)]
    assert torch.equal(*same)
    assert not torch.equal(same[0], vae.given(CLASSES[:1]).generate(50, noise=Noise(3, (), cut(50, 1))).mean)


def test_few_and_many_conditions_are_remembered_evenly() -> None:
    conditioning = Conditioning(2, 4, 3)
    for rows in (3, REMEMBERED, 5 * REMEMBERED):
        contexts = torch.stack([torch.arange(rows), torch.arange(rows)], 1).float() / rows
        conditioning.remember(contexts)
        assert abs(conditioning.observed.mean().item() - 0.5) < 0.5 / rows + 1e-3


def test_a_map_has_the_condition_added_at_every_place() -> None:
    conditioning = Conditioning(2, 12, 8, as_map=True)
    context = torch.eye(2)
    features = conditioning.encoded(torch.zeros(2, 12), context)
    assert features.shape == (2, 12)
    assert not torch.equal(features[0], features[1])
    assert conditioning.decoded(torch.zeros(3, 2, 8), context).shape == (3, 2, 8)


def test_the_bound_is_of_x_given_the_condition() -> None:
    """In a linear-Gaussian toy: x = 2c + z + noise: with c told, the evidence is that of x − 2c."""
    torch.manual_seed(0)
    spec = DataSpec((2,), None, 1.0, condition=Condition("attributes", ("shift",)))
    vae = build_recipe("vae", spec, latents=2, net="linear", sigma=1.0).model.double()
    assert vae.conditioning is not None
    decoder = next(m for m in vae.decoder.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        decoder.weight.copy_(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 2.0]]))
        decoder.bias.zero_()
    x, c = torch.randn(4, 2, dtype=torch.float64), torch.tensor([[0.0], [1.0], [1.0], [0.0]]).double()
    trace = vae.trace(x, (20_000,), c, Noise(0, (), cut(4, 1)))
    exact = torch.distributions.MultivariateNormal(
        torch.zeros(2).double(), 2 * torch.eye(2).double()
    ).log_prob(x - 2 * c)
    weights = trace.log_weight()
    found = weights.logsumexp(0) - torch.tensor(20_000.0).log()
    error = ((weights - found).exp().std(0) / 20_000**0.5).max().item()
    assert error < 0.1
    assert ((found - exact).abs() < 5 * error).all()
    assert ((NLL() + KL()).value(trace, torch.tensor(1.0))[0] >= -exact - 1e-6).all()
