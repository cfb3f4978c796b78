"""Where a run's tensors are written and read: `vaekit.tensors`."""

from vaekit.tensors import read_tensors, write_tensors

__all__ = ["read_tensors", "write_tensors"]
