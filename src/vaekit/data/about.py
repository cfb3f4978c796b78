"""What a source or a pack holds, in words, and some of it on a contact sheet."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from vaekit.data.content import computed, fingerprint
from vaekit.data.decode import quietly
from vaekit.data.decoding import attempt
from vaekit.data.folders import first
from vaekit.data.headers import Headers
from vaekit.data.listing import Listing
from vaekit.data.options import PictureOptions
from vaekit.data.packs.description import HELD_OUT, PARTS, SHEET, is_pack
from vaekit.data.packs.pack import Pack, bytes_of, open_pack, split_of
from vaekit.data.packs.packing import Packed
from vaekit.data.packs.pictures import Pictures
from vaekit.data.packs.provenance import changes, file_stem
from vaekit.data.packs.sheet import COLUMNS, ROWS, save_sheet, write_sheet
from vaekit.data.parquet import HUB
from vaekit.data.records import Data, unit
from vaekit.data.rows import PARTS as SPLITS
from vaekit.data.rows import parts_of
from vaekit.data.sources import BUILT_IN, open_source
from vaekit.data.splits import SplitOptions
from vaekit.data.transform import Transform
from vaekit.data.walk import sources_in
from vaekit.errors import UserError

MOST_HEADERS = 5000
_MOST_CLASSES = 20


def about(
    source: str,
    levels: int | None,
    split: SplitOptions,
    pictures: PictureOptions,
    sheet: Path | None,
    verify: bool,
) -> Iterator[str]:
    """Yield lines about a source, and draw a contact sheet where it holds images.

    Args:
        source: as for `load`.
        levels: number of levels of whole numbers in an array.
        split: fractions and seed of the parts that the source does not bring itself.
        pictures: how pictures in files would be made to fit.
        sheet: where the contact sheet goes; None: into the current folder, called after the data.
        verify: whether to read a pack whole.

    Raises:
        UserError: a source that cannot be read, or a pack that is not what it says.
    """
    notes: list[str] = []
    found = open_source(source, levels, split, pictures, notes.append)
    yield from notes
    if verify and not is_pack(source):
        raise UserError(f"--verify is for packs, and {source} is none: leave it out")
    path = sheet or Path(f"{file_stem(found.name)}-{SHEET}")
    if isinstance(found, Listing):
        yield from _about_pictures(Pictures(found, split, pictures), path)
        return
    if is_pack(source):
        pack = open_pack(Path(source).expanduser())
        yield f"{found.name}: a pack of {_kind(pack)}, {pack.folder.resolve()}"
        yield from _about_data(found)
        yield from _about_pack(pack)
        if verify:
            yield _verified(pack)
    else:
        yield f"{found.name}: arrays, {source}"
        yield from _about_data(found)
        yield f"  fingerprint  {fingerprint(found)[:16]}"
    if found.spec.is_image:
        with _saving(path):
            write_sheet(found, path)
        yield f"  contact sheet: {path}"


@contextmanager
def _saving(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"could not write {path} ({error.strerror or error}); choose another place with -o"
        ) from error


def made_of(packed: Packed, seconds: float) -> Iterator[str]:
    """Yield lines about a pack that was asked for.

    Args:
        packed: what came of it.
        seconds: how long it took.
    """
    pack, told = packed.pack, packed.pack.description
    if not packed.made:
        yield f"{pack.folder} is up to date: {_counts(told.parts)} of {_shape(told.shape)}"
        return
    shards = f" in {told.shards} shards" if told.shards else ""
    size, rate = _bytes(bytes_of(pack.folder)), packed.new / max(seconds, 1e-9)
    yield (
        f"{pack.folder}: {_counts(told.parts)} of {_shape(told.shape)}, {told.levels or 'no'} levels, "
        f"{size}{shards}, in {seconds:.1f} s ({rate:,.0f} per second)"
    )
    if (pack.folder / SHEET).is_file():
        yield f"contact sheet: {pack.folder / SHEET}"


def _about_data(data: Data) -> Iterator[str]:
    spec = data.spec
    parts = ", ".join(f"{len(data.split(part)):,} {part}" for part in PARTS)
    levels = "floats" if spec.levels is None else f"{spec.levels} levels"
    yield f"  examples     {parts}"
    yield f"  each         {_shape(spec.shape)}, {levels}, stored as {data.train.values.dtype.name}"
    yield f"  variance     {spec.variance:.6g} of the training set"
    labels = [split.labels for part in PARTS if (split := data.split(part)).labels is not None]
    if labels:
        yield from _classes(np.unique(np.concatenate(labels), return_counts=True), data.label_names)
    answers = [split.attributes for part in PARTS if (split := data.split(part)).attributes is not None]
    if answers:
        total = sum(map(len, answers))
        yes = sum(each.sum(axis=0, dtype=np.int64) for each in answers)
        yield from _attributes([int(count) / total for count in np.asarray(yes)], data.attribute_names)
    tables = [split.factors for part in PARTS if (split := data.split(part)).factors is not None]
    if tables:
        counts = [len(np.unique(column)) for column in np.concatenate(tables).T]
        named = zip(data.factor_names, counts, strict=True)
        yield f"  factors      {', '.join(f'{name} ({count:,} values)' for name, count in named)}"
    if data.unreadable:
        yield from _unreadable(data.unreadable)


def _about_pack(pack: Pack) -> Iterator[str]:
    told = pack.description
    if told.transform is not None:
        yield f"  pictures     {_cut(told.transform)}"
    if told.shards:
        missing = sum(not part.path.exists() for part in pack.shards("train").parts)
        absent = f", {missing} of them not on this machine" if missing else ""
        yield f"  shards       {told.shards}{absent}; validation and test also in {HELD_OUT}"
    yield f"  on disk      {_bytes(bytes_of(pack.folder))}"
    yield f"  made of      {told.source}: {_state(pack)}"
    yield f"  fingerprint  {told.fingerprint[:16]}"


def _state(pack: Pack) -> str:
    """Whether the source of a pack is what it was."""
    told = pack.description
    options, split = PictureOptions(), split_of(told)
    if told.source.startswith(HUB) or split is None:
        return "not looked at"
    levels = told.asked.get("levels")
    try:
        if any(not Path(part).exists() for part in sources_in(told.source)) and told.source not in BUILT_IN:
            return "gone"
        found = open_source(
            told.source, levels if isinstance(levels, int) else None, split, options, lambda line: None
        )
    except (UserError, OSError) as error:
        return f"cannot be read any more ({error})"
    if not isinstance(found, Listing):
        return "unchanged" if fingerprint(found)[:16] == told.key else "changed"
    pictures = Pictures(found, split, options)
    if told.key.partition("-")[0] != pictures.source:
        return f"changed: {changes(found, pack)}"
    return "unchanged" if told.answers == pictures.answers else "changed: other labels or attributes"


def _verified(pack: Pack) -> str:
    told, data = pack.description, pack.data()
    if computed(data) != told.fingerprint:
        raise UserError(
            f"{pack.folder} is damaged: its content is not what it was when it was packed; pack the data again"
        )
    return "  verified     values, labels and attributes are as they were packed; names were not compared"


def _about_pictures(pictures: Pictures, path: Path) -> Iterator[str]:
    listing, entries = pictures.listing, pictures.listing.entries
    yield f"{listing.name}: {'CelebA' if listing.celeba else 'pictures'}, {listing.place}"
    yield from (f"  note: {note}" for note in listing.notes)
    with quietly():
        parts = parts_of(listing, pictures.rows, pictures.split)
        count = min(MOST_HEADERS, len(entries))
        looked = Headers(entries[place * len(entries) // count] for place in range(count))
        for _ in looked:
            pass
        counts = ", ".join(f"{len(parts[part].entries):,} {part}" for part in SPLITS)
        yield f"  pictures     {counts}"
        yield from _sizes(looked, count, len(entries))
        transform = pictures.transform
        yield f"  become       {_cut(transform)}"
        labels = [own.labels for own in parts.values() if own.labels is not None]
        if labels:
            yield from _classes(np.unique(np.concatenate(labels), return_counts=True), listing.label_names)
        answers = [own.attributes for own in parts.values() if own.attributes is not None]
        if answers:
            yes = np.concatenate(answers).mean(axis=0)
            yield from _attributes(yes.tolist(), listing.attribute_names)
        packed = len(entries) * transform.channels * transform.size[0] * transform.size[1]
        yield f"  on disk      {_bytes(_size_of(listing))} as files, {_bytes(packed)} as a pack"
        rows = parts["train"].entries
        shown = (attempt(entries[rows[place]], transform) for place in _spread(len(rows)))
        sound = [pixels for pixels in islice(shown, COLUMNS * ROWS) if not isinstance(pixels, str)]
    if sound:
        with _saving(path):
            save_sheet(unit(np.stack(sound), 256), path)
        yield f"  contact sheet: {path}"


def _spread(rows: int) -> Iterator[int]:
    count = min(COLUMNS * ROWS, rows)
    return (place * rows // count for place in range(count))


def _sizes(looked: Headers, count: int, of: int) -> Iterator[str]:
    found = looked.counts
    sample = f", as {count:,} of them tell" if count < of else ""
    if found:
        widths, heights = [each.width for each in found], [each.height for each in found]
        usual = max(found, key=found.__getitem__)
        ranges = f"{min(widths)} to {max(widths)} wide, {min(heights)} to {max(heights)} high"
        single = len({(each.width, each.height) for each in found}) == 1
        size = (
            f"all {usual.width}×{usual.height}"
            if single
            else f"{ranges}, most often {usual.width}×{usual.height}"
        )
        grey = sum(number for each, number in found.items() if each.grey)
        colours = "grey" if grey == found.total() else "in colour" if not grey else f"{grey:,} of them grey"
        yield f"  sizes        {size}, {colours}{sample}"
    if looked.damaged:
        yield f"  unreadable   {looked.damaged:,} have no header that can be read{sample}"


def _size_of(listing: Listing) -> int:
    total = 0
    for entry in listing.entries:
        if (path := entry.path) is not None:
            try:
                total += os.stat(path).st_size
            except OSError:
                continue  # it will be among the unreadable ones
    return total


def _classes(counted: tuple[np.ndarray, np.ndarray], names: Sequence[str]) -> Iterator[str]:
    labels, numbers = (each.tolist() for each in counted)
    shown = [
        f"{names[label] if 0 <= label < len(names) else label} {number:,}"
        for label, number in zip(labels, numbers, strict=True)
    ]
    more = f" and {len(shown) - _MOST_CLASSES} more" if len(shown) > _MOST_CLASSES else ""
    yield f"  classes      {', '.join(shown[:_MOST_CLASSES])}{more}"


def _attributes(fractions: Sequence[float], names: Sequence[str]) -> Iterator[str]:
    shown = [f"{name} {fraction:.0%}" for name, fraction in zip(names, fractions, strict=False)]
    yield f"  attributes   {', '.join(shown)}"


def _unreadable(found: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"  unreadable   {len(found):,} files: {first([f'{place} ({why[:60]})' for place, why in found[:4]])}"


def _kind(pack: Pack) -> str:
    return "arrays" if pack.description.transform is None else "pictures"


def _cut(transform: Transform) -> str:
    crop = f"{transform.crop}×{transform.crop} pixels" if isinstance(transform.crop, int) else transform.crop
    return f"{_shape((transform.channels, *transform.size))}, cut: {crop}"


def _counts(parts: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{parts[part][1] - parts[part][0]:,} {part}" for part in PARTS) + " examples"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _bytes(count: int) -> str:
    """A size for people.

    Example:
        >>> _bytes(1234), _bytes(2_500_000_000)
        ('1.2 kB', '2.5 GB')
    """
    size, units = float(count), iter(("bytes", "kB", "MB", "GB", "TB"))
    unit_name = next(units)
    while size >= 1000 and unit_name != "TB":
        size, unit_name = size / 1000, next(units)
    return f"{size:,.1f} {unit_name}" if unit_name != "bytes" else f"{count} bytes"
