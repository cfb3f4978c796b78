from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from vaekit.data.listing import Entry, Folder, Listing, join
from vaekit.errors import UserError


def listing(name: str, place: str = "", **facts) -> Listing:
    entry = Entry("1.png", Path(f"/{name}/1.png"), 12, label=0, attributes=b"\1")
    return Listing(name, place or f"/{name}", (entry,), **facts)


def test_one_source_stays_as_it_is() -> None:
    alone = listing("a")
    assert join([alone]) is alone


def test_names_stay_distinct() -> None:
    both = join([listing("x", "/a/x", notes=("one",)), listing("x", "/b/x")])
    assert [entry.name for entry in both.entries] == ["x-1/1.png", "x-2/1.png"]
    assert (both.name, both.place, both.notes) == ("x + x", "/a/x + /b/x", ("one",))


def test_labels_and_attributes_stay_where_all_agree() -> None:
    named = {"label_names": ("cat", "dog"), "attribute_names": ("Smiling",)}
    both = join([listing("a", **named), listing("b", **named)])
    assert (both.label_names, both.attribute_names, both.notes) == (("cat", "dog"), ("Smiling",), ())
    assert [(entry.label, entry.attributes) for entry in both.entries] == [(0, b"\1")] * 2


def test_labels_and_attributes_are_left_out_where_they_differ() -> None:
    a = listing("a", label_names=("cat", "dog"), attribute_names=("Smiling",))
    both = join([a, listing("b", label_names=("cat",))])
    assert (both.label_names, both.attribute_names) == ((), ())
    assert [(entry.label, entry.attributes) for entry in both.entries] == [(None, None)] * 2
    assert len(both.notes) == 2


def test_together_they_are_celeba_only_if_all_are() -> None:
    face = listing("a", celeba=True)
    assert join([face, listing("b", celeba=True)]).celeba
    mixed = join([face, listing("b")])
    assert not mixed.celeba
    assert "cut alike" in mixed.notes[0]


def test_a_source_named_twice_is_refused() -> None:
    with pytest.raises(UserError, match="named twice"):
        join([listing("a"), replace(listing("a"), name="b")])


def test_an_entry_may_carry_bytes() -> None:
    entry = Entry("row 3", lambda: BytesIO(b"abc"), 3)
    content = entry.open()
    assert isinstance(content, BytesIO)
    assert (content.read(), entry.where) == (b"abc", "row 3")


def test_files_are_found_under_their_longer_names() -> None:
    """Even where two sources lie in the same folder."""
    a, b = (Listing(name, f"/{name}", (Entry("in/1.png", Folder("/root"), 1),)) for name in ("a", "longer"))
    both = join([join([a, b]), listing("c")])
    assert [entry.name for entry in both.entries] == [
        "a + longer/a/in/1.png",
        "a + longer/longer/in/1.png",
        "c/1.png",
    ]
    assert [entry.where for entry in both.entries] == ["/root/in/1.png", "/root/in/1.png", "/c/1.png"]
