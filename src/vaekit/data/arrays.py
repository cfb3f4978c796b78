"""Arrays in memory and in `.npy` and `.npz` files, under the keys that people use for them."""

import tokenize
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Shaped

from vaekit.data.assemble import Part, assemble
from vaekit.data.records import Data
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError

VALUE_KEYS = ("x", "X", "images", "data", "values", "arr_0")
LABEL_KEYS = ("y", "labels", "label", "targets")
FACTOR_KEYS = ("factors",)
FACTOR_NAMES = "factor_names"
SPLIT_KEYS = {"train": ("train",), "validation": ("valid", "validation", "val"), "test": ("test",)}

_Roles = dict[tuple[str, str], str]  # (part, "values", "labels" or "factors") -> key
# What numpy and zipfile raise on damaged files, found by fuzzing.
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    OverflowError,
    MemoryError,
    SyntaxError,
    RuntimeError,
    tokenize.TokenError,
    zlib.error,
    BadZipFile,
)


def load_arrays(
    name: str,
    arrays: Mapping[str, Shaped[np.ndarray, "..."]],
    levels: int | None = None,
    options: SplitOptions | None = None,
) -> Data:
    """Make a data set of named arrays: one array to divide, or own splits, each perhaps with labels and factors.

    Args:
        name: what reports and messages call it.
        arrays: one of `x`, `X`, `images`, `data`, `values`, `arr_0`, perhaps with one of `y`, `labels`,
            `label`, `targets`, and with `factors` (N, K), the numbers that examples were made from, and
            `factor_names` (K,); or own splits `S` among `train`, `valid` (`validation`, `val`) and `test`,
            named `S`, `x_S`, `X_S` or `S_images`, perhaps with `y_S` or `S_labels`, `factors_S` or
            `S_factors`. Layouts and types as for `encode`.
        levels: number of levels, or None to tell from the values.
        options: fractions and seed for the parts that are not given; None for the defaults.

    Raises:
        UserError: unknown, doubled or missing keys, or values that `assemble` refuses.

    Example:
        >>> drawn = {"x_train": np.zeros((9, 4, 4), bool), "x_test": np.ones((5, 4, 4), bool)}
        >>> data = load_arrays("drawn", drawn)
        >>> len(data.train), len(data.validation), len(data.test)
        (8, 1, 5)
    """
    names = arrays.get(FACTOR_NAMES)
    arrays = {key: array for key, array in arrays.items() if key != FACTOR_NAMES}
    roles = _roles(name, arrays)
    if names is not None and "factors" not in {what for _, what in roles}:
        raise UserError(
            f"{name} holds {FACTOR_NAMES}, but no factors; add them as (N, K), or leave the names out"
        )

    def beside(part: str, what: str) -> np.ndarray | None:
        return np.asarray(arrays[roles[part, what]]) if (part, what) in roles else None

    parts = {
        part: Part(np.asanyarray(arrays[key]), beside(part, "labels"), beside(part, "factors"))
        for (part, what), key in roles.items()
        if what == "values"
    }
    called = [] if names is None else [str(each) for each in np.ravel(names)]
    return assemble(name, parts, levels, options or SplitOptions(), called)


def read_npy(path: Path) -> Shaped[np.ndarray, "..."]:
    """Read a `.npy` file; pickled objects are never loaded.

    Raises:
        UserError: a file that is damaged, cut short or holds Python objects.
    """
    try:
        with path.open("rb") as handle:
            return np.lib.format.read_array(handle, allow_pickle=False)
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a `.npz` file; pickled objects are never loaded.

    Raises:
        UserError: a file that is damaged, cut short or holds Python objects.
    """
    try:
        # Opened here, because numpy leaves a damaged archive that it opened itself open.
        with path.open("rb") as handle:
            archive = np.load(handle, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise UserError(f"{path} is not an .npz archive; if it holds one array, name it .npy")
            return {key: archive[key] for key in archive.files}
    except UserError:
        raise
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: BaseException) -> UserError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(
        f"cannot read {path}: {reason[:200]}; the file is damaged, cut short or no plain array; "
        "write it again with np.save or np.savez"
    )


def _known_roles() -> dict[str, tuple[str, str]]:
    known: dict[str, tuple[str, str]] = dict.fromkeys(VALUE_KEYS, ("train", "values"))
    known |= dict.fromkeys(LABEL_KEYS, ("train", "labels")) | dict.fromkeys(FACTOR_KEYS, ("train", "factors"))
    for part, stems in SPLIT_KEYS.items():
        for stem in stems:
            values, labels = (
                (stem, f"x_{stem}", f"X_{stem}", f"{stem}_images"),
                (f"y_{stem}", f"{stem}_labels"),
            )
            known |= dict.fromkeys(values, (part, "values")) | dict.fromkeys(labels, (part, "labels"))
            known |= dict.fromkeys((f"factors_{stem}", f"{stem}_factors"), (part, "factors"))
    return known


def _roles(name: str, keys: Iterable[str]) -> _Roles:
    """Tell which key plays which role."""
    known, roles = _known_roles(), _Roles()
    found = f"{name} holds {', '.join(map(str, keys)) or 'no arrays'}"
    for key in keys:
        if key not in known:
            raise UserError(f"{found}, and {key!r} is not among the accepted keys: {_accepted()}")
        if known[key] in roles:
            raise UserError(f"{found}, where {roles[known[key]]} and {key} mean the same; keep one of them")
        roles[known[key]] = key
    if ("train", "values") not in roles:
        raise UserError(f"{found}, but nothing to train on; accepted keys are {_accepted()}")
    own = {part for part, _ in roles} - {"train"}
    plain = set(roles.values()) & {*VALUE_KEYS, *LABEL_KEYS, *FACTOR_KEYS}
    if own and plain:
        raise UserError(
            f"{found}: {', '.join(sorted(plain))} cannot stand beside own splits; accepted are {_accepted()}"
        )
    for part, what in roles:
        if (part, "values") not in roles:
            raise UserError(
                f"{found}, where {roles[part, what]} has no values beside it; accepted are {_accepted()}"
            )
    return roles


def _accepted() -> str:
    return (
        f"one of {', '.join(VALUE_KEYS)}, perhaps with one of {', '.join(LABEL_KEYS)} and with "
        f"factors and {FACTOR_NAMES}; or own splits train, "
        "valid (validation, val) and test, as train, x_train, X_train or train_images, perhaps with y_train "
        "or train_labels and factors_train, and so on"
    )
