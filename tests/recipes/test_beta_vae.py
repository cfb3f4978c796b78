from vaekit.recipes.beta_vae import beta_vae
from vaekit.recipes.options import Architecture
from vaekit.recipes.vae import vae
from vaekit.spec import DataSpec

SPEC = DataSpec((6,), levels=None)
TINY = Architecture(size="tiny", latents=2)


def test_it_is_the_vae_with_a_heavier_kl() -> None:
    assert beta_vae(SPEC, TINY).turns == vae(SPEC, TINY, beta=4.0).turns


def test_at_beta_one_it_is_the_vae() -> None:
    ours, theirs = beta_vae(SPEC, TINY, beta=1.0), vae(SPEC, TINY)
    assert ours.turns == theirs.turns
    assert ours.prior == theirs.prior
    assert ours.optimiser == theirs.optimiser
