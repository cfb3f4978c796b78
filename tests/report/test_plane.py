import pytest
import torch
from torch.distributions import Normal

from vaekit.errors import UserError
from vaekit.evaluation.overlap import Overlap
from vaekit.report.explore import decode
from vaekit.report.plane import decode_plane, has_plane, latent_scatter, manifold, plane_quantiles
from vaekit.report.style import as_image
from vaekit.spec import DataSpec

GREY, TABLE = DataSpec((1, 6, 5), 17, 0.1), DataSpec((12,), None, 1.0)


def test_a_standard_normal_has_the_quantiles_of_the_paper(make_vae) -> None:
    quantiles = plane_quantiles(make_vae(GREY, latents=2), 20)
    expected = Normal(0.0, 1.0).icdf((torch.arange(20) + 0.5) / 20)
    torch.testing.assert_close(quantiles, expected.expand(2, 20))


def test_a_fitted_prior_has_its_own_quantiles(make_vae) -> None:
    # 0.3 N(2, ½²) + 0.7 N(−1, ½²): the median solves 0.3 Φ((m−2)/½) + 0.7 Φ((m+1)/½) = ½. The error of an
    # empirical quantile of 20,000 draws is √(¼/20000)/p(m) = 0.009; 5 of them: false alarms below 1e-6.
    quantiles = plane_quantiles(make_vae(GREY, mixture=True, latents=2), 21)
    m = quantiles[:, 10].double()
    cumulative = 0.3 * Normal(2.0, 0.5).cdf(m) + 0.7 * Normal(-1.0, 0.5).cdf(m)
    assert (cumulative - 0.5).abs().max() < 5 * (0.25 / 20_000) ** 0.5


def test_the_first_dimension_goes_right_and_the_second_up(make_vae) -> None:
    vae = make_vae(GREY, latents=2)
    x, quantiles = decode_plane(vae, 5)
    z = torch.tensor([[quantiles[0, 3], quantiles[1, 4]], [quantiles[0, 0], quantiles[1, 1]]])
    torch.testing.assert_close(torch.stack([x[0, 3], x[3, 0]]), decode(vae, {"z": z}))


@pytest.mark.parametrize("spec", [GREY, TABLE], ids=["image", "vector"])
def test_the_manifold_can_be_drawn(make_vae, spec) -> None:
    assert manifold(make_vae(spec, latents=2, mixture=True), 6).width >= 600


@pytest.mark.parametrize("options", [{"latents": 3}, {"recipe": "hierarchical_vae", "top_latents": 2}])
def test_other_latents_are_refused(make_vae, options) -> None:
    vae = make_vae(GREY, **options)
    assert not has_plane(vae)
    with pytest.raises(UserError, match="two dimensions"):
        manifold(vae)


@pytest.mark.parametrize("classes", [None, 1, 10, 15, 60])
def test_a_scatter_shows_every_point_once(classes) -> None:
    labels = None if classes is None else torch.arange(120) % classes
    figure = latent_scatter(torch.randn(120, 2), labels)
    offsets = [len(c.get_offsets()) for c in figure.axes[0].collections]  # pyright: ignore[reportArgumentType]
    assert sum(offsets) == 120
    assert as_image(figure).width > 600


def test_the_title_gives_the_overlap() -> None:
    figure = latent_scatter(torch.randn(5, 2), torch.arange(5), Overlap(4, 9, 0.2512, 0.011))
    assert "4 and 9 overlap by 0.25 ± 0.01" in figure.axes[0].get_title("left")


def test_a_scatter_of_other_codes_is_refused() -> None:
    with pytest.raises(UserError, match="two dimensions"):
        latent_scatter(torch.zeros(5, 3))
