"""Where decoded pictures are kept that nobody asked to keep: a folder with one pack for each source and transform."""

import os
import shutil
from pathlib import Path

REMEDY = "set VAEKIT_CACHE to a folder on a larger disk"


def cache_root() -> Path:
    """`$VAEKIT_CACHE`, else `vaekit` in `$XDG_CACHE_HOME` or in `~/.cache`."""
    if own := os.environ.get("VAEKIT_CACHE"):
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path("~/.cache").expanduser()) / "vaekit"


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder."""
    return shutil.disk_usage(folder).free
