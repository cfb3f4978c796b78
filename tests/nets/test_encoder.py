import pytest
import torch

from vaekit.errors import UserError
from vaekit.nets import NetOptions, build_encoder


def test_size_that_halves_alike_is_refused() -> None:
    encoder = build_encoder(NetOptions(net="conv", size="tiny"), (1, 64, 64))
    with pytest.raises(UserError, match=r"\(1, 64, 64\), not \(1, 60, 64\)"):
        encoder(torch.zeros(2, 1, 60, 64))
