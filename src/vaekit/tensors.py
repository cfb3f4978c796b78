"""Tensors on disk, with a checksum each: never half written, never silently damaged."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vaekit.errors import UserError
from vaekit.files import replacing


def _checksum(tensor: Tensor) -> str:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return hashlib.sha256(flat.view(torch.uint8).numpy().tobytes()).hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, object]) -> None:
    """Write tensors and JSON facts as a safetensors file with a SHA-256 of every tensor and of the facts.

    Raises:
        UserError: if the disk has no room.
    """
    held = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(facts, sort_keys=True)
    metadata = {
        "facts": text,
        "facts_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "sha256": json.dumps({name: _checksum(tensor) for name, tensor in held.items()}, sort_keys=True),
    }
    content = save(held, metadata)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise UserError(f"could not write {path} ({len(content):,} bytes): {error.strerror}") from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Read what `write_tensors` wrote and check every tensor against its SHA-256.

    Raises:
        UserError: if the file is missing, truncated, damaged (the tensor is named) or not vaekit's.
    """
    if not path.is_file():
        raise UserError(f"no such model file: {path}")
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path} is damaged or truncated ({error}); restore it, or train again") from error
    if not {"facts", "facts_sha256", "sha256"} <= set(metadata):
        raise UserError(f"{path} was not written by vaekit: it lacks the facts and checksums")
    if hashlib.sha256(metadata["facts"].encode()).hexdigest() != metadata["facts_sha256"]:
        raise UserError(
            f"{path} is damaged: its facts do not match their checksum; restore it, or train again"
        )
    expected = _checksums(path, metadata["sha256"])
    for name, tensor in tensors.items():
        if expected.get(name) != _checksum(tensor):
            raise UserError(f"{path} is damaged: tensor {name} does not match its checksum; restore it")
    if missing := set(expected) - set(tensors):
        raise UserError(f"{path} is damaged: tensor {sorted(missing)[0]} is missing; restore it")
    return tensors, json.loads(metadata["facts"])


def _checksums(path: Path, text: str) -> dict[str, object]:
    try:
        checksums = json.loads(text)
    except ValueError:
        checksums = None
    if not isinstance(checksums, dict):
        raise UserError(f"{path} is damaged: its checksums cannot be read; restore it, or train again")
    return checksums
