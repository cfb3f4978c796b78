"""What a page is made of: sections of blocks, which the templates turn into HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, final

from markupsafe import Markup

Tone = Literal["", "good", "unsure", "bad", "unread"]


@final
@dataclass(frozen=True)
class Words:
    """A paragraph.

    Args:
        text: escaped unless it is markup.
    """

    kind: ClassVar[str] = "words"
    text: str


@final
@dataclass(frozen=True)
class Missing:
    """Why something is not shown, in one sentence.

    Args:
        text: the sentence.
    """

    kind: ClassVar[str] = "missing"
    text: str


@final
@dataclass(frozen=True)
class Picture:
    """A picture inside the page.

    Args:
        uri: data:image/….
        width: of its pixels.
        height: of its pixels.
        alt: what a person who cannot see it is told.
    """

    uri: str
    width: int
    height: int
    alt: str


@final
@dataclass(frozen=True)
class Tiles:
    """Pictures of one size that flow into as many columns as there is room for.

    Args:
        stacks: each a few pictures above each other, for instance an original and its reconstruction.
        caption: one sentence.
        side: width of a tile on a desktop, CSS pixels.
        crisp: whether a pixel of the picture is a square on the screen.
        apart: whether the first of a stack stands apart from the rest.
    """

    kind: ClassVar[str] = "tiles"
    stacks: Sequence[Sequence[Picture]]
    caption: str
    side: int
    crisp: bool
    apart: bool = False


@final
@dataclass(frozen=True)
class Strips:
    """Rows of pictures, each as wide as the page, with a label above.

    Args:
        rows: label and picture of each.
        caption: one sentence.
        widest: width on a desktop, CSS pixels.
        crisp: whether a pixel of the picture is a square on the screen.
    """

    kind: ClassVar[str] = "strips"
    rows: Sequence[tuple[str, Picture]]
    caption: str
    widest: int
    crisp: bool


@final
@dataclass(frozen=True)
class Charts:
    """Drawings that stand side by side where there is room.

    Args:
        drawings: SVG of each.
        caption: one sentence.
    """

    kind: ClassVar[str] = "charts"
    drawings: Sequence[Markup]
    caption: str = ""


@final
@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Args:
        text: escaped unless it is markup.
        note: smaller, below it.
        tone: of a verdict.
        code: a command, below the rest.
        best: whether it is set in bold.
    """

    text: str
    note: str = ""
    tone: Tone = ""
    code: str = ""
    best: bool = False


@final
@dataclass(frozen=True)
class Table:
    """A table whose rows become cards where the screen is narrow, or that scrolls in its own box.

    Args:
        head: of the columns.
        rows: the first cell of each is its head.
        caption: one sentence.
        cards: whether rows become cards on a narrow screen; else the table scrolls.
    """

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    cards: bool = False


@final
@dataclass(frozen=True)
class Facts:
    """Names and what they stand for.

    Args:
        pairs: name to text, escaped unless it is markup.
    """

    kind: ClassVar[str] = "facts"
    pairs: Mapping[str, str]


@final
@dataclass(frozen=True)
class Code:
    """Text to copy.

    Args:
        text: as it is.
        label: what it is.
    """

    kind: ClassVar[str] = "code"
    text: str
    label: str = ""


@final
@dataclass(frozen=True)
class Numbers:
    """A few large numbers.

    Args:
        cards: name, number with its unit, and a smaller note.
    """

    kind: ClassVar[str] = "numbers"
    cards: Sequence[tuple[str, str, str]]


Block = Words | Missing | Tiles | Strips | Charts | Table | Facts | Code | Numbers


@final
@dataclass(frozen=True)
class Section:
    """A part of a page.

    Args:
        anchor: by which it is found inside the page.
        title: of the section.
        blocks: what it holds, in order.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]
