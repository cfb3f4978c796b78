"""What lies already at the place of a new pack, and whether it may give way."""

import re
from collections.abc import Callable
from pathlib import Path

from vaekit.data.packs.building import JOURNAL, ResumableError
from vaekit.data.packs.description import FILE, HELD_OUT, SHEET, Description, read_description
from vaekit.data.packs.names import ENDS, TEXT
from vaekit.data.packs.pack import ATTRIBUTES, INDEX, LABELS, STAMPS, Pack, open_pack
from vaekit.data.walk import holds_pack
from vaekit.errors import UserError

_OWN = frozenset((FILE, HELD_OUT, SHEET, TEXT, ENDS, LABELS, INDEX, ATTRIBUTES, STAMPS, JOURNAL))
# The latter are left by killed processes, network disks and desktops.
_OTHERS = re.compile(r"values(-\d{5}-of-\d{5})?\.npy|\..*\.tmp|\.nfs\w+|\.DS_Store")


def sound(target: Path) -> Pack | None:
    """The pack at a place, if there is one that can be opened."""
    try:
        return open_pack(target) if holds_pack(target) else None
    except UserError:
        return None


def check_replaced(told: Description, target: Path, place: str, count: int, why: str) -> None:
    """Make sure that a pack of the same source gives way, and not to a smaller one.

    Args:
        told: the pack's description.
        target: where it lies.
        place: the source of the new one.
        count: number of its examples, unreadable ones among them.
        why: what makes it be packed anew.

    Raises:
        UserError: otherwise.
    """
    if told.source != place:
        raise UserError(
            f"{target} is a pack of {told.source}: choose another place with -o, or add --replace"
        )
    if count < told.listed:
        raise UserError(
            f"{place} holds {count:,} examples, fewer than the {told.listed:,} that were packed ({why}): the pack "
            f"{target} is kept; put the others back, or add --replace"
        )


def check_damaged(target: Path, place: str, count: int, replace: bool, report: Callable[[str], None]) -> None:
    """Say that a pack which cannot be opened is made anew, where that may be.

    Args:
        target: where it lies.
        place: the source of the new one.
        count: number of its examples, unreadable ones among them.
        replace: whether a person gave it up.
        report: told why.

    Raises:
        UserError: a pack of another source, of a larger one, or of nobody knows what.
    """
    if not holds_pack(target):
        return
    try:
        open_pack(target)
    except UserError as error:
        if not replace:
            check_replaced(_described(target, error), target, place, count, "damaged")
        report(f"note: the pack at {target} is made anew, since it is damaged: {error}")


def check_own(target: Path) -> None:
    """Make sure that nothing lies in a folder but what a pack consists of.

    Raises:
        ResumableError: a file or folder of somebody's.
    """
    for path in sorted(target.iterdir()) if target.is_dir() else ():
        own = path.name in _OWN or _OTHERS.fullmatch(path.name)
        if path.is_dir() or not own:
            raise ResumableError(
                f"{path} is no part of the pack and would be lost with it: take it out of {target}, or choose "
                "another place with -o"
            )


def _described(target: Path, damage: UserError) -> Description:
    try:
        return read_description(target)
    except UserError:
        raise UserError(
            f"what was packed at {target} cannot be told ({str(damage)[:200]}): choose another place with -o, "
            "or add --replace"
        ) from damage
