"""Making a pack at a place of one's choice, from any source; an old one stays until the new one is whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from vaekit.data.content import fingerprint
from vaekit.data.decode import quietly
from vaekit.data.listing import Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.building import Build, Plan, building, install
from vaekit.data.packs.completing import Facts, Side, complete
from vaekit.data.packs.description import MOST_SHARDS, PARTS, Unreadable
from vaekit.data.packs.locking import locked
from vaekit.data.packs.pack import Pack, open_pack
from vaekit.data.packs.pictures import Pictures
from vaekit.data.packs.provenance import asked_for, changes, differences
from vaekit.data.packs.replacing import check_damaged, check_own, check_replaced, sound
from vaekit.data.records import Data, chunks
from vaekit.data.sources import absolute, open_source
from vaekit.data.splits import SplitOptions
from vaekit.data.walk import holds_pack
from vaekit.errors import UserError

REMEDY = "choose a folder on a larger disk with -o, or smaller --image_size"

_Report = Callable[[str], None]


@final
@dataclass(frozen=True)
class Wish:
    """What `vaekit pack` was asked for beside the source.

    Args:
        target: where the pack shall lie.
        split: fractions and seed of the parts that the source does not bring itself.
        levels: number of levels of whole numbers in an array; None to tell from the source.
        pictures: how pictures in files are made to fit.
        shards: number of files for the values; 0 for one without a number.
        replace: whether a larger pack, or one of another source, may give way.

    Raises:
        UserError: too few or too many shards, or something else than a pack at the target.
    """

    target: Path
    split: SplitOptions = SplitOptions()  # noqa: RUF009 (frozen)
    levels: int | None = None
    pictures: PictureOptions = PictureOptions()  # noqa: RUF009 (frozen)
    shards: int = 0
    replace: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.shards <= MOST_SHARDS:
            raise UserError(f"--shards must be a number from 1 to {MOST_SHARDS}, got {self.shards}")
        target = self.target
        if target.is_dir() and not holds_pack(target) and any(target.iterdir()):
            raise UserError(f"{target} is there already and no pack: choose another place with -o")
        if target.exists() and not target.is_dir():
            raise UserError(f"{target} is a file: choose another place with -o")

    @property
    def asked(self) -> Mapping[str, object]:
        """The options as a pack remembers them."""
        return asked_for(self.split, self.levels, self.pictures, self.shards)


@final
@dataclass(frozen=True, eq=False)
class Packed:
    """What came of it.

    Args:
        pack: at the target.
        made: whether it was made now; otherwise it was up to date.
        new: number of examples that an earlier, interrupted packing had not yet stored.
    """

    pack: Pack
    made: bool
    new: int = 0


def pack_source(source: str, wish: Wish, report: _Report) -> Packed:
    """Pack whatever `load` accepts by name.

    Args:
        source: as for `load`.
        wish: where and how.
        report: told what a person should know, and how it goes.

    Raises:
        UserError: a source that cannot be read or packed, one that shrank, no room.
    """
    place = absolute(source)
    if place == str(wish.target.resolve()):
        raise UserError(f"{source} is the pack itself: name its source, or another place with -o")
    found = open_source(source, wish.levels, wish.split, wish.pictures, report)
    if isinstance(found, Listing):
        return pack_listing(found, wish, report)
    return pack_data(found, place, wish, report)


def pack_listing(listing: Listing, wish: Wish, report: _Report) -> Packed:
    """Pack the pictures that a source lists.

    Raises:
        UserError: pictures that cannot be packed, a source that shrank, no room.
    """
    for note in listing.notes:
        report(f"note: {listing.name}: {note}")
    pictures = Pictures(listing, wish.split, wish.pictures, wish.shards)
    count = len(listing.entries)

    with quietly():
        old = sound(wish.target)
        pictures.settle([] if old is None else [old])
        while True:
            plan = pictures.plan(wish.shards, REMEDY)
            _check_shards(wish, listing.place, plan.entries - plan.held_out)
            with locked(wish.target, plan, report):
                old = sound(wish.target)
                why = None if old is None else _why_pictures_anew(old, wish, pictures)
                if old is not None and why is None:
                    pictures.check(old.description.unreadable, report)
                    return Packed(old, False)
                _make_way(old, why, wish, listing.place, count, report)
                with building(wish.target, plan) as build:
                    kept = build.done
                    if not pictures.fill(build, report):
                        continue
                    _check_shards(wish, listing.place, build.rows - plan.held_out)
                    pictures.complete(build, sheet=True)
                    _install(build, wish)
                return Packed(open_pack(wish.target), True, count - kept)


def pack_data(data: Data, place: str, wish: Wish, report: _Report) -> Packed:
    """Pack a data set that is in memory, or in another pack.

    Raises:
        UserError: a source that shrank, no room.
    """
    content = fingerprint(data)
    if data.factor_names:
        report(f"note: packs hold no factors: evaluate with {place} itself where {data.name} need theirs")
    shape, dtype = data.train.values.shape[1:], data.train.values.dtype
    parts = {part: data.split(part) for part in ("test", "validation", "train")}
    count = sum(map(len, parts.values()))
    held_out = count - len(data.train) if wish.shards else 0
    tag = f"{content[:16]}-{wish.shards}"
    _check_shards(wish, place, len(data.train))
    plan = Plan(count, shape, dtype, wish.shards, held_out, tag, "examples", REMEDY)
    with locked(wish.target, plan, report):
        old = sound(wish.target)
        why = None if old is None else _why_anew(old, wish, place, content[:16], _answers(data))
        if old is not None and why is None:
            return Packed(old, False)
        _make_way(old, why, wish, place, count, report)
        with building(wish.target, plan) as build:
            kept = build.done
            if build.done:
                report(f"going on after {build.done:,} examples")
            _copy(data, build)
            _complete(data, place, content[:16], wish, build)
            _install(build, wish)
    return Packed(open_pack(wish.target), True, count - kept)


_CHANGED = "the source has changed"


def _check_shards(wish: Wish, place: str, rows: int) -> None:
    if wish.shards > max(0, rows):
        raise UserError(
            f"--shards {wish.shards} are more than the training examples of {place}, {max(0, rows):,}: give fewer"
        )


def _make_way(old: Pack | None, why: str | None, wish: Wish, place: str, count: int, report: _Report) -> None:
    """Make sure that what lies at the target may be replaced, and say why it is."""
    if old is None:
        check_damaged(wish.target, place, count, wish.replace, report)
    elif not wish.replace:
        check_replaced(old.description, wish.target, place, count, str(why))
    check_own(wish.target)
    if old is not None:
        report(f"{wish.target} is packed anew: {why}")


def _install(build: Build, wish: Wish) -> None:
    """Put a finished pack in its place, once it has been opened where it was built."""
    open_pack(build.folder)
    check_own(wish.target)
    install(build.folder, wish.target)


def _why_anew(old: Pack, wish: Wish, place: str, key: str, answers: str) -> str | None:
    """Why an existing pack is not what was asked for; None where it is."""
    told = old.description
    if told.source != place:
        return f"it was made of {told.source}"
    if found := differences(wish.asked, told.asked):
        return ", ".join(found)
    if told.key != key:
        return _CHANGED
    return None if told.answers == answers else "labels or attributes have changed"


def _why_pictures_anew(old: Pack, wish: Wish, pictures: Pictures) -> str | None:
    """The same of pictures, in more words."""
    key, now = old.description.key, str(pictures.key)
    why = _why_anew(old, wish, pictures.listing.place, now, pictures.answers)
    if why == _CHANGED and key.partition("-")[0] != now.partition("-")[0]:
        return str(changes(pictures.listing, old))
    if why is None and pictures.mended(old.description):
        return "files that could not be read can be read now"
    return why


def _copy(data: Data, build: Build) -> None:
    """Append what is not yet there, test and validation first."""
    start = 0
    for part in ("test", "validation", "train"):
        values = data.split(part).values
        for piece in chunks(values):
            stop = start + len(range(*piece.indices(len(values))))
            if stop > build.done:
                build.append(np.asarray(values[piece])[max(0, build.done - start) :])
            start = stop
    build.finish()


def _complete(data: Data, place: str, key: str, wish: Wish, build: Build) -> None:
    facts = Facts(
        data.name,
        place,
        key,
        _answers(data),
        wish.asked,
        data.transform,
        data.stored_levels,
        data.flip,
        data.label_names,
        data.attribute_names or _numbered(data),
        tuple(Unreadable(-1, place, place, why, 0) for place, why in data.unreadable),
    )
    sides: dict[str, Side] = {}
    start = 0
    for part in ("test", "validation", "train"):
        split = data.split(part)
        stop = start + len(split)
        sides[part] = Side(start, stop, split.labels, split.names, split.index, split.attributes)
        start = stop
    complete(build.folder, build.plan, facts, sides, sheet=True)


def _numbered(data: Data) -> tuple[str, ...]:
    """Names for attributes that have none."""
    widths = [
        split.attributes.shape[1] for part in PARTS if (split := data.split(part)).attributes is not None
    ]
    return tuple(f"attribute {number}" for number in range(1, max(widths, default=0) + 1))


def _answers(data: Data) -> str:
    return f"{data.label_names!a} {data.attribute_names!a} {data.flip}"
