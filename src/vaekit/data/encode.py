"""From an array as somebody stored it to checked values: channel first, whole numbers 0 … L−1 or float32."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from vaekit.data.records import chunks
from vaekit.errors import UserError

MOST_LEVELS = 2**16
_MOST_CHANNELS = 4
_LAYOUTS = "(N, H, W), (N, C, H, W) or (N, H, W, C) with 1 to 4 channels, or (N, D)"


def encode(
    origin: str, parts: Mapping[str, np.ndarray], levels: int | None = None
) -> tuple[dict[str, np.ndarray], int | None]:
    """Check the parts of one data set together and return fresh copies as they are stored, and their levels.

    Args:
        origin: what messages call the source.
        parts: arrays `(N, H, W)`, `(N, C, H, W)`, `(N, H, W, C)` or `(N, D)` by the name of their part. Where
            both the second and the last size could be channels, the second is taken.
        levels: number L of levels; floats then must lie on the grid k/(L−1). None: 2 for booleans and for
            integers that are only 0 and 1, 256 for other integers, none for floats.

    Returns:
        Images `(N, C, H, W)` or vectors `(N, D)` of uint8, uint16 or float32 by part; L, or None for floats.

    Raises:
        UserError: an unusable type, layout, range or number of levels; infinity, or NaN but in a table of floats,
            where it stands for a missing value; parts that disagree.

    Example:
        >>> stored, levels = encode("drawn", {"train": np.eye(3, dtype=bool)[None]})
        >>> stored["train"].shape, stored["train"].dtype.name, levels
        ((1, 1, 3, 3), 'uint8', 2)
    """
    check_levels(levels)
    for part, values in parts.items():
        _check_kind(f"{origin} ({part})", values)
    _check_agreement(origin, parts)
    whole = all(values.dtype.kind != "f" for values in parts.values())
    if whole:
        used = _integer_levels(origin, parts, levels)
        stored = {part: values.astype(_storage(used)) for part, values in parts.items()}
    else:
        used = levels
        stored = {part: _floats(f"{origin} ({part})", values, levels) for part, values in parts.items()}
    return {part: np.ascontiguousarray(_channel_first(values)) for part, values in stored.items()}, used


def encode_labels(where: str, labels: Shaped[np.ndarray, "..."], count: int) -> Int64[np.ndarray, "N"]:
    """Return labels as one int64 per example.

    Args:
        where: what messages call them.
        labels: whole numbers `(N,)` or `(N, 1)`, of any numeric type.
        count: the number N of examples.

    Raises:
        UserError: another length, or anything but one whole number per example.

    Example:
        >>> encode_labels("labels", np.array([[3.0], [1.0]]), 2).tolist()
        [3, 1]
    """
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or len(flat) != count:
        raise UserError(
            f"{where}: labels have shape {labels.shape}, but one whole number for each of "
            f"{count} examples is needed"
        )
    if flat.dtype.kind not in "biuf" or not (np.isfinite(flat).all() and (flat == np.trunc(flat)).all()):
        raise UserError(f"{where}: labels must be whole numbers; number the classes 0, 1, 2 …")
    if flat.dtype.kind in "uf" and (np.abs(flat) >= 2**63).any():
        raise UserError(f"{where}: labels must fit into 64 bits; number the classes 0, 1, 2 …")
    return flat.astype(np.int64)


def encode_factors(where: str, factors: Shaped[np.ndarray, "..."], count: int) -> Float64[np.ndarray, "N K"]:
    """Return the factors that examples were made from as float64, one row per example.

    Args:
        where: what messages call them.
        factors: numbers `(N, K)`, or `(N,)` for one factor, of any numeric type.
        count: the number N of examples.

    Raises:
        UserError: another length, or anything but finite numbers.

    Example:
        >>> encode_factors("factors", np.array([3, 1]), 2).tolist()
        [[3.0], [1.0]]
    """
    table = factors[:, None] if factors.ndim == 1 else factors
    if table.ndim != 2 or len(table) != count or not table.shape[1]:
        raise UserError(
            f"{where}: factors have shape {factors.shape}, but one row of numbers for each of {count} examples "
            "is needed"
        )
    if table.dtype.kind not in "biuf" or not np.isfinite(table).all():
        raise UserError(f"{where}: factors must be finite numbers; number the classes of a factor 0, 1, 2 …")
    return table.astype(np.float64)


def check_levels(levels: int | None) -> None:
    """Raise a UserError unless levels is None or a number from 2 to 65536.

    Example:
        >>> check_levels(256)
    """
    if levels is not None and not 2 <= levels <= MOST_LEVELS:
        raise UserError(f"levels must be a number from 2 to {MOST_LEVELS}, but is {levels}")


def _check_kind(where: str, values: np.ndarray) -> None:
    if isinstance(values, np.ma.MaskedArray):
        raise UserError(f"{where}: masked arrays are not supported; fill the masked values first")
    if values.dtype.kind not in "biuf":
        raise UserError(
            f"{where}: values of type {values.dtype} cannot be used; store booleans, integers or floats"
        )
    images = values.ndim == 3 or (
        values.ndim == 4 and (values.shape[1] <= _MOST_CHANNELS or values.shape[3] <= _MOST_CHANNELS)
    )
    if not (images or values.ndim == 2):
        raise UserError(f"{where}: an array of shape {values.shape} cannot be used; accepted are {_LAYOUTS}")
    if values.size == 0:
        raise UserError(f"{where}: the array is empty, its shape is {values.shape}")


def _check_agreement(origin: str, parts: Mapping[str, np.ndarray]) -> None:
    if len({values.shape[1:] for values in parts.values()}) > 1:
        found = ", ".join(f"{part} {values.shape[1:]}" for part, values in parts.items())
        raise UserError(f"{origin}: examples of the parts differ in shape ({found}); make them the same")
    if len({values.dtype.kind == "f" for values in parts.values()}) > 1:
        found = ", ".join(f"{part} {values.dtype}" for part, values in parts.items())
        raise UserError(f"{origin}: some parts are floats and some integers ({found}); store one kind")


def _channel_first(values: np.ndarray) -> np.ndarray:
    if values.ndim == 3:
        return values[:, None]
    if values.ndim == 4 and values.shape[1] > _MOST_CHANNELS:
        return np.moveaxis(values, 3, 1)
    return values


def _storage(levels: int) -> type[np.uint8] | type[np.uint16]:
    return np.uint8 if levels <= 256 else np.uint16


def _integer_levels(origin: str, parts: Mapping[str, np.ndarray], levels: int | None) -> int:
    if all(values.dtype.kind == "b" for values in parts.values()):
        if levels not in (None, 2):
            raise UserError(f"{origin}: booleans have 2 levels, not {levels}; leave levels out")
        return 2
    low = min(int(values.min()) for values in parts.values())
    high = max(int(values.max()) for values in parts.values())
    used = levels or (2 if low >= 0 and high <= 1 else 256)
    if low >= 0 and high < used:
        return used
    if low < 0:
        remedy = "shift them to start at 0, or store floats"
    elif high < MOST_LEVELS:
        remedy = f"pass levels={high + 1} (or more), or scale them"
    else:
        remedy = f"scale them to fewer than {MOST_LEVELS} levels, or store floats"
    raise UserError(f"{origin}: the integers run from {low} to {high}, outside 0 … {used - 1}; {remedy}")


def _floats(where: str, values: np.ndarray, levels: int | None) -> np.ndarray:
    _check_finite(where, values, missing=levels is None and values.ndim == 2)
    low, high = np.nanmin(values), np.nanmax(values)
    if (levels is not None or values.ndim > 2) and not (low >= 0 and high <= 1):
        raise UserError(
            f"{where}: the floats run from {low:.6g} to {high:.6g}, outside [0, 1]; "
            "divide by 255 if they are pixels from 0 to 255, or store uint8"
        )
    if levels is not None:
        return _on_grid(where, values, levels)
    if max(-low, high) > np.finfo(np.float32).max:
        raise UserError(f"{where}: values up to {max(-low, high):.6g} do not fit into float32; scale them")
    return values.astype(np.float32)


def _check_finite(where: str, values: np.ndarray, missing: bool) -> None:
    """Refuse infinities, and NaN where it cannot stand for a missing value."""
    absent = np.isnan(values) if missing else np.zeros(values.shape, bool)
    finite = np.isfinite(values) | absent
    others = values.size - int(finite.sum())
    if others:
        first = tuple(int(index) for index in np.unravel_index(int(finite.argmin()), values.shape))
        what = "infinite" if missing else "NaN or infinite"
        raise UserError(
            f"{where}: {others} of {values.size} values are {what}, the first at index {first}; "
            "replace or remove them"
        )
    if absent.all():
        raise UserError(f"{where}: every value is missing (NaN); at least one is needed")


def _on_grid(where: str, values: np.ndarray, levels: int) -> np.ndarray:
    # A tenth of a step where steps are so fine that 1e-4 would accept anything.
    tolerance = min(1e-4 * (levels - 1), 0.1)
    stored = np.empty(values.shape, _storage(levels))
    for piece in chunks(values):
        scaled = values[piece].astype(np.float64) * (levels - 1)
        rounded = np.rint(scaled)
        off = np.abs(scaled - rounded) > tolerance
        if off.any():
            raise UserError(
                f"{where}: {scaled[off][0] / (levels - 1):.6g} is not a multiple of 1/{levels - 1}, so the "
                f"floats do not have {levels} levels; leave levels out, or round them"
            )
        stored[piece] = rounded
    return stored
