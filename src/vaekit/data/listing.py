"""What a source of pictures lists, before any of them is opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import final

from vaekit.data.records import SplitName
from vaekit.data.walk import JOINT
from vaekit.errors import UserError


@final
@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of many entries lie.

    Args:
        root: the folder.
        skip: how many characters stand before the file's path in the name of an entry.
    """

    root: str
    skip: int = 0

    def path(self, name: str) -> Path:
        """The file of an entry."""
        return Path(self.root, name[self.skip :])


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a source; small, since there may be millions.

    Args:
        name: its own within the source; of a file, the path relative to the folder.
        content: the folder of the file, the file itself, or what returns its bytes as a binary file.
        stamp: what changes when the content does, in 63 bits; of a file, made of its size and time.
        split: the part it belongs to; "train" also where the source says nothing.
        label: index of its class, or None.
        attributes: one byte per attribute, 1 for yes and 0 for no, or None.
    """

    name: str
    content: Folder | Path | Callable[[], BytesIO]
    stamp: int
    split: SplitName = "train"
    label: int | None = None
    attributes: bytes | None = None

    @property
    def path(self) -> Path | None:
        """Its file, where it has one."""
        if isinstance(self.content, Folder):
            return self.content.path(self.name)
        return self.content if isinstance(self.content, Path) else None

    def open(self) -> Path | BytesIO:
        """What a decoder can read."""
        if isinstance(self.content, Folder | Path):
            return self.path or Path()
        return self.content()

    @property
    def where(self) -> str:
        """How to call it in a report: its path where it has one."""
        return self.name if self.path is None else str(self.path)


@final
@dataclass(frozen=True)
class Listing:
    """The pictures of a source, in its own order.

    Args:
        name: what reports call the source.
        place: where it lies, in full.
        entries: the pictures, each name once.
        celeba: whether they are aligned and framed as CelebA is.
        label_names: of the classes, where every entry has a label; otherwise empty.
        attribute_names: where every entry has attributes; otherwise empty.
        notes: what a person should know about it.
    """

    name: str
    place: str
    entries: tuple[Entry, ...]
    celeba: bool = False
    label_names: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def join(listings: Sequence[Listing]) -> Listing:
    """Take several sources as one: train with train, and so on.

    Names get the source's name in front. Labels and attributes stay where all sources name the same ones.

    Raises:
        UserError: one source named twice.

    Example:
        >>> a = Listing("a", "/a", (Entry("1.png", Path("/a/1.png"), 9),))
        >>> [entry.name for entry in join([a, replace(a, name="b", place="/b")]).entries]
        ['a/1.png', 'b/1.png']
    """
    if len(listings) == 1:
        return listings[0]
    places = [listing.place for listing in listings]
    if len(set(places)) < len(places):
        raise UserError(f"a source is named twice: {', '.join(places)}")
    notes = [note for listing in listings for note in listing.notes]
    labels, attributes = listings[0].label_names, listings[0].attribute_names
    if any(listing.label_names != labels for listing in listings):
        labels = ()
        notes.append("the sources name different classes: the labels are left out")
    if any(listing.attribute_names != attributes for listing in listings):
        attributes = ()
        notes.append("not all sources bring the same attributes: the attributes are left out")
    celeba = all(listing.celeba for listing in listings)
    if not celeba and any(listing.celeba for listing in listings):
        notes.append("not all sources are CelebA: without --crop all pictures are cut alike, not as CelebA")
    entries = (
        entry
        for prefix, listing in zip(_prefixes(listings), listings, strict=True)
        for entry in _renamed(listing, prefix, bool(labels), bool(attributes))
    )
    return Listing(
        JOINT.join(listing.name for listing in listings),
        JOINT.join(places),
        tuple(entries),
        celeba,
        labels,
        attributes,
        tuple(notes),
    )


def _renamed(listing: Listing, prefix: str, labels: bool, attributes: bool) -> Iterator[Entry]:
    """The entries of one source among others."""
    folders: dict[Folder, Folder] = {}
    for entry in listing.entries:
        content = entry.content
        if isinstance(content, Folder):
            longer = Folder(content.root, content.skip + len(prefix) + 1)
            content = folders.setdefault(content, longer)  # one object for all
        yield replace(
            entry,
            name=f"{prefix}/{entry.name}",
            content=content,
            label=entry.label if labels else None,
            attributes=entry.attributes if attributes else None,
        )


def _prefixes(listings: Sequence[Listing]) -> list[str]:
    """The names of the sources, all numbered where two have the same."""
    names = [listing.name for listing in listings]
    if len(set(names)) == len(names):
        return names
    return [f"{name}-{number}" for number, name in enumerate(names, 1)]
