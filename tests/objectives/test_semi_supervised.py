import pytest
import torch
from torch import Tensor

from vaekit.core import VAE
from vaekit.errors import UserError
from vaekit.noise import Noise, cut
from vaekit.objectives import KL, NLL, SemiSupervised, class_probabilities
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import Condition, DataSpec
from vaekit.told import Told, plain

CLASSES = ("a", "b", "c")
N = 4
NOISE = Noise(0, (1,), cut(N, 2))
HALF = torch.tensor(0.5)


def a_model(**options: object) -> tuple[VAE, SemiSupervised]:
    torch.manual_seed(0)
    spec = DataSpec((1, 4, 4), 2, condition=Condition("labels", CLASSES), examples=60)
    recipe = build_recipe("m2", spec, latents=2, hidden=(6,), **options)
    with torch.no_grad():
        for parameter in recipe.model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    (turn,) = recipe.turns
    assert isinstance(turn, SemiSupervised)
    return recipe.model.double().eval(), turn


def examples(known: list[int]) -> Tensor:
    """Examples of which the label is known, −1 for none."""
    x = (torch.rand(N, 1, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.5).double()
    table = torch.zeros(N, 3, dtype=torch.float64)
    for row, label in enumerate(known):
        if label >= 0:
            table[row, label] = 1
    return Told.of(x, table)


def loss(vae: VAE, turn: SemiSupervised, x: Tensor) -> Tensor:
    return turn.losses(vae, x, NOISE, HALF).by_player["model"]


def test_without_labels_it_is_the_negative_elbo_with_the_label_summed_out() -> None:
    """Against the ordinary ELBO, which draws y, on the mean of 20,000 draws: 4 s.e., false alarm 6e-5."""
    vae, turn = a_model()
    x = examples([-1] * N)
    found = torch.stack(
        [turn.losses(vae, x, Noise(0, (k,), cut(N, 1)), HALF).by_player["model"] for k in range(400)]
    )
    with torch.no_grad():
        trace = vae.trace(x, (20_000,), noise=NOISE)
        # Of each draw: the same mean as the closed forms.
        elbo = (trace.log_weight()).mean(-1)
        expected = (NLL() + KL()).value(trace, HALF)[0].mean()
    assert abs(elbo.mean() + expected) < 4 * elbo.std() / 20_000**0.5 + 0.02
    error = (found.var() / 400 + elbo.var() / 20_000).sqrt()
    assert abs(found.mean() + elbo.mean()) < 4 * error


def test_a_known_label_costs_its_class_and_the_classifier() -> None:
    """Written out: −log p(x | y, z) − log p(y) + KL(z) − α log q(y | x) of the same draws."""
    vae, turn = a_model(alpha=0.7)
    labels = [0, 2, 1, 0]
    x = examples(labels)
    trace = turn.every_class(vae, plain(x), NOISE)
    y, z = trace.sites
    cost = -trace.log_likelihood + z.kl() + torch.tensor(3.0).log().double()
    rows = torch.arange(N)
    expected = cost[labels, rows] - 0.7 * class_probabilities(vae, x)[rows, labels].log()
    torch.testing.assert_close(loss(vae, turn, x), expected.mean())
    assert torch.equal(y.z[:, 0], torch.eye(3, dtype=torch.float64))


def test_known_and_unknown_labels_share_a_batch() -> None:
    vae, turn = a_model()
    mixed = loss(vae, turn, examples([0, -1, 1, -1]))
    alone = torch.stack([loss(vae, turn, examples(known)) for known in ([0, 0, 1, 0], [-1] * N)])
    each = []
    for known in ([0, 0, 1, 0], [-1] * N):
        x = examples(known)
        values = [
            turn.losses(vae, x[i : i + 1], NOISE.part(i, i + 1), HALF).by_player["model"] for i in range(N)
        ]
        each.append(torch.stack(values))
    torch.testing.assert_close(torch.stack([e.mean() for e in each]), alone)
    expected = torch.stack([each[0][0], each[1][1], each[0][2], each[1][3]]).mean()
    torch.testing.assert_close(mixed, expected)


def test_fewer_labels_weigh_more() -> None:
    spec = DataSpec((6,), None, condition=Condition("labels", CLASSES, labelled=6), examples=60)
    (turn,) = build_recipe("m2", spec, latents=2, alpha=0.5).turns
    assert isinstance(turn, SemiSupervised)
    assert turn.weight == pytest.approx(5.0)
    assert a_model(alpha=0.5)[1].weight == 0.5


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match="add --condition labels --labelled 100"):
        build_recipe("m2", DataSpec((6,), None, condition=Condition("attributes", ("hat",))))
    with pytest.raises(UserError, match="at least 0, got -1"):
        SemiSupervised("z2", -1.0)
    vae = build_recipe("vae", DataSpec((6,), None), latents=2).model
    with pytest.raises(UserError, match="no label among its latents"):
        class_probabilities(vae, torch.zeros(2, 6))
