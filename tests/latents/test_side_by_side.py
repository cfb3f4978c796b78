import torch

from vaekit.latents import SideBySide
from vaekit.priors import OneHotPrior, StandardNormal


def build() -> SideBySide:
    return SideBySide({"z": 4, "c": 6}, {"z": StandardNormal(4), "c": OneHotPrior(2, 3)})


def test_sites_see_nothing_of_each_other_and_the_decoder_sees_both() -> None:
    latents = build()
    values = {"z": torch.randn(5, 3, 4), "c": torch.rand(5, 3, 6)}
    seen: list[tuple[str, object]] = []

    def choose(name, prior, state):
        seen.append((name, state))
        assert prior.event_shape == (latents.sites[name],)
        return values[name]

    h = latents(choose, (5, 3))
    assert seen == [("z", None), ("c", None)]
    assert torch.equal(h, torch.cat([values["z"], values["c"]], -1))
    assert latents.out_features == h.shape[-1]
    assert latents.state_features == {"z": 0, "c": 0}


def test_a_mean_of_a_prior_stands_for_every_example() -> None:
    latents, z = build(), torch.randn(3, 4)
    h = latents(lambda name, prior, state: z if name == "z" else prior.mean, (3,))
    torch.testing.assert_close(h[:, 4:], torch.full((3, 6), 1 / 3))


def test_the_first_site_is_the_top_one() -> None:
    latents, other = build(), StandardNormal(4)
    assert isinstance(latents.top, StandardNormal)
    latents.replace_top(other)
    assert latents.top is other
    assert set(latents.state_dict()) == set()
