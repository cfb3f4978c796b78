import pytest

from vaekit.recipes.table import RECIPES
from vaekit.report.page.mathematics import typeset


def plain(text: str) -> str:
    marked = typeset(text).replace('<span class="math">', "⟦").replace("</span>", "⟧")
    return str(marked.replace("<var>", "").replace("</var>", ""))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A Gaussian of a mean.", "A Gaussian of a mean."),
        ("with σ²_band, solved", "with ⟦σ²<sub>band</sub>⟧, solved"),
        ("p(x_t|x_<t)", "⟦p(x<sub>t</sub>|x<sub>&lt;t</sub>)⟧"),
        ("by (s)^−α here", "by ⟦(s)<sup>−α</sup>⟧ here"),
        ("E_{q(z|x̃)}[y] of", "⟦E<sub>q(z|x̃)</sub>[y]⟧ of"),
        ("K^(−P·M); words", "⟦K<sup>−P·M</sup>⟧; words"),
        ("see https://x.org/a_b.", "see https://x.org/a_b."),
        ("<b> & c", "⟦&lt;b&gt; &amp; c⟧"),
    ],
)
def test_formulas_are_told_from_words(text: str, wanted: str) -> None:
    assert plain(text) == wanted


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_brings_its_formula(recipe: str) -> None:
    assert "math" in typeset(RECIPES[recipe].formula)
    assert "http" in RECIPES[recipe].source or "Tipping" in RECIPES[recipe].source


def test_a_transpose_is_no_part_of_an_index() -> None:
    assert "<sub><var>m</var></sub><var>ᵀ</var>" in typeset("N(μ_m, L_m L_mᵀ)")
