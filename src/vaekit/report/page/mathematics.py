"""Formulas as the docstrings write them, "E_q[−log p(x|z)] + β KL(q ‖ p)", as HTML that wraps on a phone."""

import re
from itertools import groupby

from markupsafe import Markup, escape

OPERATORS = frozenset({"log", "ln", "exp", "KL", "MMD", "CB", "sg", "diag", "min", "max", "Var", "Bernoulli"})
"""Names that stand upright in a formula; other names of several letters are words of the sentence."""
WORD = re.compile(r"a|[A-Za-z]{2,}(?:['’-][A-Za-z]+)*|--\w+")
TOKEN = re.compile(
    r"_\{(?P<sub_group>[^}]*)\}|_(?P<sub><?[^\Wᵀᵃᵝᵅᵇⁿᵈᵏᵗᴷᴺᴰ]+)"
    r"|\^\{(?P<sup_group>[^}]*)\}|\^\((?P<sup_round>[^)]*)\)|\^(?P<sup>[−-]?[\w½]+)"
    r"|(?P<name>[^\W\d_]+[\u0300-\u036f]?)"
    r"|(?P<other>.)",
)


def typeset(text: str) -> Markup:
    """A sentence in which formulas stand as formulas.

    A run of chunks that are no plain words is a formula: names of one letter lean, _ and ^ go down and up.

    Args:
        text: as docstrings write it.

    Example:
        >>> typeset("Minimises E_q[x] for all x.")
        Markup('Minimises <span class="math"><var>E</var><sub><var>q</var></sub>[<var>x</var>]</span> for all \
<span class="math"><var>x</var></span>.')
    """
    parts: list[Markup] = []
    # "A Gaussian" begins a sentence; anywhere else A is a matrix.
    first, rest = ("A ", text[2:]) if text.startswith("A ") else ("", text)
    for words, chunks in groupby(rest.split(), _is_word):
        piece = " ".join(chunks)
        parts.append(escape(piece) if words else _formula(piece))
    return escape(first) + Markup(" ").join(parts)


def _is_word(chunk: str) -> bool:
    bare = chunk.strip("(.,;:)")
    return (bare not in OPERATORS and WORD.fullmatch(bare) is not None) or "://" in chunk


def _formula(text: str) -> Markup:
    """What ends the sentence is no part of the formula."""
    body = text.rstrip(".,;:")
    return Markup('<span class="math">{}</span>{}').format(_tokens(body), text[len(body) :])


def _tokens(text: str) -> Markup:
    found: list[Markup] = []
    for token in TOKEN.finditer(text):
        groups = token.groupdict()
        sub = groups["sub_group"] or groups["sub"]
        sup = groups["sup_group"] or groups["sup_round"] or groups["sup"]
        if sub:
            found.append(Markup("<sub>{}</sub>").format(_tokens(sub)))
        elif sup:
            found.append(Markup("<sup>{}</sup>").format(_tokens(sup)))
        elif name := groups["name"]:
            found.append(_name(name))
        else:
            found.append(escape(groups["other"] or ""))
    return Markup("").join(found)


def _name(name: str) -> Markup:
    letters = re.sub("[\u0300-\u036f]", "", name)
    upright = letters in OPERATORS or len(letters) > 2 or letters in ("Σ", "Π", "N")
    return escape(name) if upright else Markup("<var>{}</var>").format(name)
