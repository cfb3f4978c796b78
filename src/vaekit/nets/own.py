"""A network of the user's own, from a function that builds it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from torch import nn

from vaekit.errors import UserError, nearest

FORM = "module:PACKAGE.MODULE:FUNCTION"


def network_from(where: str) -> nn.Module:
    """Call a function of the user that builds a module, and freeze what it returns.

    Args:
        where: "package.module:function"; the current folder is searched, too.

    Raises:
        UserError: if there is no such function, or what it returns is no module.
    """
    name, colon, function = where.partition(":")
    if not (colon and name and function):
        raise UserError(f"module:{where} names no function: write {FORM}")
    with _here_on_path():
        module = _imported(name)
        build = getattr(module, function, None)
        if not callable(build):
            known = [each for each in vars(module) if not each.startswith("_")]
            raise UserError(f"module {name} has no function {function}; {nearest(function, known)}")
        network = build()
    if not isinstance(network, nn.Module):
        raise UserError(f"{where} must return a torch.nn.Module, not a {type(network).__name__}")
    return network.eval().requires_grad_(False)


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(f"cannot import {name}: {error}") from error


@contextmanager
def _here_on_path() -> Iterator[None]:
    """Let modules of the current folder be found, as `python -m` does."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
