"""Inception weights from a user's file; which file they come from decides what a distance may be called."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vaekit.errors import UserError
from vaekit.features.inception import CLASSES, FEATURES, RESIZE, Inception
from vaekit.features.space import SHOWN, FeatureSpace, digest_of

GENUINE = "6726825d"
"""The SHA-256 of pt_inception-2015-12-05-6726825d.pth, the published weights of the FID, begins so."""
_IGNORED = ("AuxLogits.",)
"""Classifiers on the way, which play no part in the features."""


def inception_space(path: Path, shape: tuple[int, ...]) -> FeatureSpace:
    """The 2048 features of Inception v3 with the weights of a file.

    Args:
        path: a state_dict as torch.save writes it, with the published names of the parameters.
        shape: of the examples: images with one or three channels.

    Raises:
        UserError: for other examples, or a file that is missing, damaged or holds other weights.
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UserError(f"Inception takes images with 1 or 3 channels, not examples of shape {shape}")
    if not path.is_file():
        raise UserError(f"there is no file {path} with Inception weights")
    weights = {name: value for name, value in _read(path).items() if not name.startswith(_IGNORED)}
    network = Inception(len(weights["fc.bias"]) if "fc.bias" in weights else CLASSES)
    _fill(network, weights, path)
    with path.open("rb") as opened:
        genuine = hashlib.file_digest(opened, "sha256").hexdigest().startswith(GENUINE)
    digest = digest_of(network, "Inception v3, pool3, graph of 2015-12-05")
    return FeatureSpace(
        name=f"{'Inception' if genuine else 'Inception-like weights'}, {digest[:SHOWN]}",
        kind="inception",
        hash=digest,
        resize=RESIZE,
        dimensions=FEATURES,
        shape=shape,
        network=network.eval().requires_grad_(False),
        genuine=genuine,
    )


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        found: object = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read as a file of weights: {reason}") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise UserError(f"{path} holds no state_dict: a mapping of names to tensors is needed")
    return found


def _fill(network: Inception, weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy weights into the network; counters of batches may be lacking, and so may the last layer."""
    try:
        result = network.load_state_dict(dict(weights), strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{path} does not hold Inception v3 as the FID uses it: {reason}") from error
    optional = ("num_batches_tracked", "fc.weight", "fc.bias")
    missing = [name for name in result.missing_keys if not name.endswith(optional)]
    if missing or result.unexpected_keys:
        odd = f"it lacks {missing[0]}" if missing else f"it has {result.unexpected_keys[0]}"
        raise UserError(f"{path} does not hold Inception v3 as the FID uses it: {odd}")
