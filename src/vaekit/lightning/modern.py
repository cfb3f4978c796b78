"""The adapter for programs that `import lightning`."""

from typing import final

from lightning.pytorch import LightningDataModule, LightningModule

from vaekit.lightning.data import DataHooks
from vaekit.lightning.module import ModuleHooks


@final
class VAEModule(ModuleHooks, LightningModule):
    """A recipe that `lightning.Trainer` trains; see `ModuleHooks`."""


@final
class VAEDataModule(DataHooks, LightningDataModule):
    """A data set that `lightning.Trainer` reads; see `DataHooks`."""
