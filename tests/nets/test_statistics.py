import pytest
from torch import nn

from vaekit.nets import uses_batch_statistics


@pytest.mark.parametrize(
    ("layer", "training", "expected"),
    [
        (nn.BatchNorm1d(4), True, True),
        (nn.BatchNorm2d(4), True, True),
        (nn.BatchNorm2d(4), False, False),
        (nn.BatchNorm2d(4, track_running_stats=False), False, True),
        (nn.BatchNorm2d(4, affine=False), True, True),
        (nn.SyncBatchNorm(4), True, True),
        (nn.InstanceNorm2d(4, track_running_stats=True), True, False),
        (nn.GroupNorm(2, 4), True, False),
        (nn.LayerNorm(4), True, False),
    ],
)
def test_layers(layer: nn.Module, training: bool, expected: bool) -> None:
    nested = nn.ModuleDict({"net": nn.Sequential(nn.Linear(4, 4), layer)}).train(training)
    assert uses_batch_statistics(nested) is expected


def test_one_frozen_layer_does_not_hide_another() -> None:
    layers = nn.Sequential(nn.BatchNorm1d(4), nn.BatchNorm1d(4))
    layers[0].eval()
    assert uses_batch_statistics(layers)
