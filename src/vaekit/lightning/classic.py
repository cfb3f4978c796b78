"""The adapter for programs that `import pytorch_lightning`, whose Trainer refuses the classes of `lightning`."""

# Type checkers know the hooks as heirs of lightning's classes, which are the same text under another name.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from typing import final

from pytorch_lightning import LightningDataModule, LightningModule

from vaekit.lightning.data import DataHooks
from vaekit.lightning.module import ModuleHooks


@final
class VAEModule(ModuleHooks, LightningModule):
    """A recipe that `pytorch_lightning.Trainer` trains; see `ModuleHooks`."""


@final
class VAEDataModule(DataHooks, LightningDataModule):
    """A data set that `pytorch_lightning.Trainer` reads; see `DataHooks`."""
