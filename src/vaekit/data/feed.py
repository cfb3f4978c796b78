"""Rows that stay on the processor, brought to an accelerator one batch ahead of the step that needs them."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import final

import numpy as np
import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from vaekit.data.packs.shards import Shards

_FRACTION = 0.5
"""Of an accelerator's free memory that stored examples may take; the rest is for the training."""


def fits(device: torch.device, needed: int) -> bool:
    """Whether stored examples of so many bytes should lie on a device; a processor reads them where they are."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= _FRACTION * free


@final
class Feed:
    """Gathers rows in a thread and sends them from pinned memory, while the device is busy with other ones.

    Args:
        values: the stored examples, in memory or mapped from files.
        device: where batches are wanted.

    Example:
        >>> feed = Feed(torch.arange(6).reshape(3, 2), torch.device("cpu"))
        >>> feed.expect(torch.tensor([2, 0]))
        >>> feed.rows(torch.tensor([2, 0])).tolist()
        [[4, 5], [0, 1]]
    """

    def __init__(self, values: Shaped[Tensor, "N *E"] | Shards, device: torch.device) -> None:
        self.values = values
        self.device = device
        self._thread = ThreadPoolExecutor(1, "vaekit-feed")
        self._expected: tuple[Int[Tensor, " B"], Future[Tensor]] | None = None
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def expect(self, indices: Int[Tensor, " B"]) -> None:
        """Begin to bring the rows that will be asked for next."""
        self._expected = indices, self._thread.submit(self._brought, indices)

    def rows(self, indices: Int[Tensor, " B"]) -> Shaped[Tensor, "B *E"]:
        """Return the rows on the device: at once where they were expected."""
        expected, self._expected = self._expected, None
        known = expected is not None and torch.equal(expected[0], indices)
        rows = expected[1].result() if expected is not None and known else self._brought(indices)
        if self._stream is not None:
            # The copy is ordered before what uses it, and its memory is not given away while that runs.
            torch.cuda.current_stream(self.device).wait_stream(self._stream)
            rows.record_stream(torch.cuda.current_stream(self.device))
        return rows

    def _brought(self, indices: Int[Tensor, " B"]) -> Shaped[Tensor, "B *E"]:
        if isinstance(self.values, Tensor):
            rows = self.values[indices]
        else:
            rows = torch.from_numpy(self.values[np.asarray(indices)])
        if self._stream is None:
            return rows.to(self.device)
        with torch.cuda.stream(self._stream):
            # torch's own cache keeps pinned memory until the copy is done, and gives it again then.
            return rows.pin_memory().to(self.device, non_blocking=True)
