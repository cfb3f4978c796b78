"""Turning grey levels into noughts and ones."""

from dataclasses import replace

import numpy as np

from vaekit.data.records import Data, Split
from vaekit.errors import UserError, nearest


def binarised(data: Data, how: str, seed: int = 0) -> Data:
    """Let the model see x ~ Bernoulli(k/(L−1)) instead of k/(L−1); binary data pass unchanged.

    Args:
        data: values of L stored levels.
        how: "fixed": one draw, made here and kept; "dynamic": only marked, each batch draws afresh.
        seed: of the fixed draw; every split has its own stream.

    Raises:
        UserError: data without levels, or another word than these two.

    Source: Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief networks" (fixed);
        Burda et al. 2016, "Importance weighted autoencoders" (dynamic).

    Example:
        >>> from vaekit.data.digits import load_digits
        >>> drawn = binarised(load_digits(), "fixed")
        >>> drawn.stored_levels, np.unique(drawn.train.values).tolist()
        (2, [0, 1])
    """
    if how not in ("dynamic", "fixed"):
        raise UserError(f"there is no binarisation {how!r}: {nearest(how, ['dynamic', 'fixed'])}")
    if data.stored_levels is None:
        raise UserError(
            f"{data.name}: floats cannot be binarised as they stand; pass levels=256 if they are "
            "pixels k/255, or levels=2 if they are only 0 and 1"
        )
    if data.stored_levels == 2:
        return data
    if how == "dynamic":
        return replace(data, levels=2, binarise="dynamic")
    splits = (data.train, data.validation, data.test)
    seeds = np.random.SeedSequence(seed).spawn(len(splits))
    train, validation, test = (
        _drawn(split, data.stored_levels, stream) for split, stream in zip(splits, seeds, strict=True)
    )
    return replace(
        data, train=train, validation=validation, test=test, levels=2, binarise="fixed", stored_levels=2
    )


def _drawn(split: Split, levels: int, stream: np.random.SeedSequence) -> Split:
    # r uniform on 0 … L−2 is below k with probability k/(L−1) exactly, and costs one integer, not one float.
    rng = np.random.default_rng(stream)
    values = split.array  # of shards, all of them: the draw is held in memory anyway
    threshold = rng.integers(levels - 1, size=values.shape, dtype=values.dtype.type)
    return replace(split, values=(threshold < values).astype(np.uint8))
