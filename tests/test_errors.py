import pytest

from vaekit.errors import CapabilityError, UserError, nearest


def test_a_refusal_is_a_mistake_of_the_user_and_of_a_value() -> None:
    assert issubclass(CapabilityError, UserError)
    assert issubclass(UserError, ValueError)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("beta_vea", ["vae", "beta_vae", "iwae"], "did you mean beta_vae?"),
        ("latent", ("latents", "beta"), "did you mean latents?"),
        ("zzz", {"b": 1, "a": 2}, "known are: a, b"),
        ("zzz", [], "known are: "),
    ],
)
def test_the_hint_names_the_nearest_spelling_or_lists_what_is_known(name, known, hint) -> None:
    assert nearest(name, known) == hint
