"""A feature space as one file: its tensors, what it says of itself, and its hash, which is checked."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from vaekit.errors import UserError
from vaekit.features.facts import SpaceFacts, space_of
from vaekit.features.fit import Fitted
from vaekit.features.lessons import Quality
from vaekit.features.network import Extractor
from vaekit.features.space import FeatureSpace
from vaekit.nets.extractor import FORMAT
from vaekit.tensors import read_tensors, write_tensors


def save_space(path: Path, fitted: Fitted, version: str = "") -> None:
    """Write a trained feature space, whole or not at all.

    Args:
        path: of the file.
        fitted: the space, and what it says of itself.
        version: of vaekit, for people who read the file.

    Raises:
        UserError: if the disk has no room, or the folder is not there.
    """
    space = fitted.space
    facts = asdict(fitted.facts)
    named = {"name": space.name, "hash": space.hash, "resize": space.resize}
    write_tensors(path, space.network.state_dict(), {"format": FORMAT, "version": version, **named, **facts})


def load_space(path: Path) -> FeatureSpace:
    """Read a feature space that `vaekit features` trained.

    Raises:
        UserError: if the file is missing, damaged, or holds something else.
    """
    tensors, stored = read_tensors(path)
    facts = _facts(path, stored)
    network = Extractor(facts.shape, facts.features)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{path} does not hold the network that it tells of: {reason}") from error
    space = space_of(network, facts)
    if space.hash != stored.get("hash"):
        raise UserError(f"{path} is damaged: its weights do not have the hash that it names; train it again")
    return space


def _facts(path: Path, stored: Mapping[str, object]) -> SpaceFacts:
    """Turn stored facts into typed ones."""
    match stored:
        case {
            "format": str(written),
            "kind": "classifier" | "contrastive" as kind,
            "data": str(data),
            "fingerprint": str(fingerprint),
            "shape": list(shape),
            "levels": int() | None as levels,
            "quality": quality,
            "epochs": int(epochs),
            "batch_size": int(batch_size),
            "lr": float(lr),
            "seed": int(seed),
            "features": int(features),
        } if written == FORMAT:
            return SpaceFacts(
                "classifier" if kind == "classifier" else "contrastive",
                data,
                fingerprint,
                tuple(shape),
                levels,
                _quality(quality),
                epochs,
                batch_size,
                lr,
                seed,
                features,
            )
    raise UserError(
        f"{path} is no feature space of this version of vaekit; to make one: vaekit features DATA"
    )


def _quality(stored: object) -> Quality | None:
    match stored:
        case {
            "measure": str(measure),
            "value": float(value),
            "examples": int(examples),
            "split": str(split),
        }:
            return Quality(measure, value, examples, split)
    return None
