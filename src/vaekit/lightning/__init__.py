"""Lightning's Trainer at the wheel: a recipe and its data as a LightningModule and a LightningDataModule.

This door is for `import lightning`; `vaekit.lightning.classic` has the same two names for `import pytorch_lightning`.
"""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.lazy import names_on_demand

if TYPE_CHECKING:
    from vaekit.lightning.modern import VAEDataModule, VAEModule

__all__ = ["VAEDataModule", "VAEModule"]

_find = names_on_demand(__name__, {"VAEDataModule": "modern", "VAEModule": "modern"})


def __getattr__(name: str) -> object:
    try:
        return _find(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "lightning":
            raise
        raise UserError('Lightning is not installed: pip install "vaekit[lightning]"') from error


def __dir__() -> list[str]:
    return sorted(__all__)
