import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from tests.pages import evaluation, measured, subject
from vaekit.report.page import comparison, page
from vaekit.report.page.render import NOTICE

HOSTILE = """</style><script>alert("1")</script><img src=x onerror='alert(2)'>"""
ALL = [
    "headline", "model", "training", "samples", "reconstructions", "interpolations", "traversals", "map",
    "neighbours", "spectrum", "rates", "doctor", "figures", "repeat",
]  # fmt: skip


class Reader(HTMLParser):
    """Every tag with its attributes, headings, and the text of each section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.sections: dict[str, str] = {}
        self.here = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "section":
            self.here = given["id"]
            self.sections[self.here] = ""

    def handle_data(self, data: str) -> None:
        if self.here:
            self.sections[self.here] += data

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def check_self_contained(text: str) -> Reader:
    found = Reader(text)
    for tag, attributes in found.tags:
        assert tag not in ("script", "iframe", "object", "embed", "audio", "video", "form", "base"), tag
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "srcset" not in attributes
        if "src" in attributes:
            assert attributes["src"].startswith("data:image/")
        if "href" in attributes and tag != "link":
            assert tag == "a"
            assert attributes["href"].startswith(("#", "https://"))
    assert [link["href"] for link in found.named("link")] == ["data:,"]
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = [m["content"] for m in found.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    for image in found.named("img"):
        assert image["alt"]
    headings = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(headings))
    anchors = [section["id"] for section in found.named("section")]
    assert len(anchors) == len(set(anchors))
    assert {a["href"] for a in found.named("a") if a["href"].startswith("#")} == {f"#{x}" for x in anchors}
    return found


def test_a_page_holds_every_section_and_nothing_from_elsewhere() -> None:
    text = page(subject())
    found = check_self_contained(text)
    assert list(found.sections) == ALL
    assert NOTICE in text
    assert len(text) < 2_000_000
    assert "12 epochs on squares: 40 examples of 1×12×10" in found.sections["headline"]
    assert "Wrong scale (1 of 2 measures are bad)" in found.sections["headline"]
    assert "Kingma & Welling 2014" in found.sections["model"]
    assert "vaekit train --config run/config.yaml --sigma solved" in found.sections["doctor"]
    assert "use of the codes: this model has no codebook" in found.sections["doctor"]
    assert "90.0000 ± 1.0000 nats" in found.sections["figures"]
    assert "vaekit train --config config.yaml" in found.sections["repeat"]
    assert "epochs: 12" in found.sections["repeat"]
    assert "two principal components" in found.sections["map"]
    assert "square" in found.sections["map"]
    assert "z[" in found.sections["traversals"]
    assert "all 40 training examples" in found.sections["neighbours"]


def test_the_bad_comes_first_and_good_findings_ask_for_nothing() -> None:
    told = Reader(page(subject())).sections["doctor"]
    assert told.index("calibration") < told.index("active units")
    assert "nothing to do" not in told


@pytest.mark.parametrize(
    ("made", "left_out"),
    [
        ({}, []),
        ({"recipe": "ae", "prior": False}, ["samples", "neighbours", "rates"]),
        ({"recipe": "ae"}, ["rates"]),
        ({"shape": (5,), "levels": None}, ["interpolations", "traversals", "neighbours", "spectrum"]),
        ({"shape": (1, 6, 6)}, ["spectrum"]),
        (
            {"recipe": "vq_vae", "shape": (1, 16, 16), "options": {"size": "tiny", "codes": 8}},
            ["traversals", "map", "rates"],
        ),
        (
            {
                "recipe": "pixel_vae",
                "shape": (1, 8, 8),
                "levels": 2,
                "options": {"latents": 2, "features": 2, "width": 4, "layers": 1},
            },
            ["spectrum"],
        ),
        ({"recipe": "hierarchical_vae"}, []),
        ({"shape": (3, 96, 64), "n": 24}, []),
        ({"tested": 1}, ["rates", "interpolations"]),
        ({"options": {"latents": 1, "hidden": (8,)}}, []),
    ],
    ids=[
        "vae", "autoencoder", "with a prior", "table", "tiny", "codes", "by value", "hierarchy", "photographs",
        "one example", "one latent",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_left_out_with_a_sentence(made: dict[str, Any], left_out: list[str]) -> None:
    text = page(subject(**made))
    check_self_contained(text)
    for section in ("samples", "interpolations", "traversals", "map", "neighbours", "spectrum", "rates"):
        body = text.split(f'<section id="{section}">')[1].split("</section>")[0]
        shows = "<img" in body or "<svg" in body
        assert shows == (section not in left_out), section
        if section in left_out:
            assert re.search(r'<p class="missing">[^<]{15,}\.</p>', body)


def test_hostile_names_are_shown_as_they_are() -> None:
    run = subject(name=HOSTILE)
    data = replace(run.data, name=HOSTILE, label_names=(HOSTILE, "b"))
    figures = replace(
        evaluation(), note=HOSTILE, figures=(replace(evaluation().figures[0], name=HOSTILE, measure=HOSTILE),)
    )
    assert run.diagnosis is not None
    finding = replace(run.diagnosis.findings[0], measure=HOSTILE, value=HOSTILE, note=HOSTILE)
    hostile = replace(
        run,
        data=data,
        options={HOSTILE: HOSTILE},
        evaluations={HOSTILE: figures, "evaluation.json": figures},
        diagnosis=replace(run.diagnosis, run=HOSTILE, findings=(finding,)),
        config=HOSTILE * 3 + "\n" * 5,
        environment={HOSTILE: HOSTILE},
    )
    for text in (page(hostile), comparison([hostile, replace(hostile, name="other")])):
        found = check_self_contained(text)
        assert HOSTILE in found.sections["map"]
        assert HOSTILE in found.sections["figures"]
        assert HOSTILE in found.sections["doctor"]
        assert text.count("</style>") == 1


def test_a_run_without_curves_figures_or_diagnosis_says_so() -> None:
    run = replace(subject(), rows=[], evaluations={}, diagnosis=None, epochs=None)
    found = check_self_contained(page(run))
    assert "solved in closed form" in found.sections["headline"]
    assert "no training to watch" in found.sections["training"]
    assert "vaekit evaluate does it" in found.sections["figures"]
    assert "was not asked" in found.sections["doctor"]


def test_the_same_run_gives_the_same_page() -> None:
    assert page(subject()) == page(subject())


def test_a_comparison_shows_every_run_in_every_section() -> None:
    a, b = subject(name="a"), measured(subject(name="b"), "b", evaluation(80.0))
    text = comparison([a, b])
    found = check_self_contained(text)
    assert set(found.sections) == set(ALL)
    assert text.count("<h3>a</h3>") == text.count("<h3>b</h3>") == len(ALL) - 2
    assert "<strong>80.0000 ± 1.0000 nats</strong>" in text
    assert "<strong>90.0000" not in text
