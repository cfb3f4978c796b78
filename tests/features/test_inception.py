"""The structure is held by names, shapes and counts; the published weights themselves were never at hand."""

import hashlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from vaekit.errors import UserError
from vaekit.features import Inception, inception_file, open_space
from vaekit.features.inception import RESIZE, Mixed8, Mixed35, resized
from vaekit.spec import DataSpec

GREY = DataSpec((1, 20, 20), 256)
PUBLISHED = {
    "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
    "Conv2d_2b_3x3.bn.running_mean": (64,),
    "Conv2d_4a_3x3.conv.weight": (192, 80, 3, 3),
    "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
    "Mixed_5c.branch5x5_2.conv.weight": (64, 48, 5, 5),
    "Mixed_5d.branch3x3dbl_3.bn.weight": (96,),
    "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
    "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
    "Mixed_6b.branch7x7_3.conv.weight": (192, 128, 7, 1),
    "Mixed_6c.branch7x7dbl_2.conv.weight": (160, 160, 7, 1),
    "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
    "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
    "Mixed_7b.branch3x3dbl_1.conv.weight": (448, 1280, 1, 1),
    "Mixed_7c.branch3x3_2a.conv.weight": (384, 384, 1, 3),
    "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
    "Mixed_7c.branch_pool.bn.bias": (192,),
    "fc.weight": (1008, 2048),
}


def test_names_shapes_and_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        network, plain = Inception(), Inception(classes=1000)
    state = network.state_dict()
    assert {name: tuple(state[name].shape) for name in PUBLISHED} == PUBLISHED
    # 94 convolutions of one tensor and their normalisations of five, and the last layer.
    assert len(state) == 94 * 6 + 2
    # Without the auxiliary classifier, 1000 classes; of 1008 the last layer has 8 · 2049 more.
    assert sum(p.numel() for p in plain.parameters()) == 23_834_568
    assert sum(p.numel() for p in network.parameters()) == 23_834_568 + 8 * 2049


def test_averages_leave_out_what_lies_outside_and_the_last_block_takes_maxima() -> None:
    def pool_branch(block: Mixed35 | Mixed8, x: torch.Tensor) -> torch.Tensor:
        block.eval()
        seen: list[torch.Tensor] = []
        block.branch_pool.register_forward_hook(lambda module, given, made: seen.append(given[0]))
        with torch.no_grad():
            block(x)
        return seen[0]

    x = torch.rand(1, 8, 5, 5)
    counted = F.avg_pool2d(F.pad(torch.ones(1, 1, 5, 5), (1, 1, 1, 1)), 3, 1)
    mean = F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1) / counted
    torch.testing.assert_close(pool_branch(Mixed35(8, 4), x), mean)
    torch.testing.assert_close(pool_branch(Mixed8(8, "average"), x), mean)
    torch.testing.assert_close(pool_branch(Mixed8(8, "maximum"), x), F.max_pool2d(x, 3, 1, 1))
    with torch.device("meta"):
        network = Inception()
    assert (network.Mixed_7b.pooling, network.Mixed_7c.pooling) == ("average", "maximum")


def test_small_images_are_interpolated_and_large_ones_averaged() -> None:
    small = torch.rand(1, 1, 20, 20)
    plain = F.interpolate(small, (299, 299), mode="bilinear", align_corners=False)
    torch.testing.assert_close(resized(small), plain, atol=1e-5, rtol=0)
    fine = (torch.arange(1196) % 2).float().expand(1, 1, 1196, 1196)
    inside = resized(fine)[..., 2:-2]  # at the edges the neighbourhood is cut
    torch.testing.assert_close(inside, torch.full_like(inside, 0.5), atol=0.01, rtol=0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with torch.device("meta"):
        network = Inception()
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.ndim == 4:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        else:
            tensor.fill_(1 if name.endswith(("bn.weight", "running_var")) else 0)
    torch.save(network.state_dict(), path)
    return path


def test_only_the_published_file_may_be_called_fid(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = open_space(f"inception:{weights}", GREY)
    assert (space.genuine, space.frechet_name) == (False, "Fréchet distance")
    assert space.name == f"Inception-like weights, {space.hash[:12]}"
    assert (space.dimensions, space.resize) == (2048, RESIZE)
    features = space.features(torch.rand(1, 1, 20, 20))
    assert features.shape == (1, 2048)
    assert features.min() >= 0
    assert features.max() > 0
    monkeypatch.setattr(inception_file, "GENUINE", hashlib.sha256(weights.read_bytes()).hexdigest()[:8])
    genuine = open_space(f"inception:{weights}", GREY)
    assert (genuine.frechet_name, genuine.name) == ("FID", f"Inception, {space.hash[:12]}")


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    for content in (b"", b"words", b"PK\x03\x04 and then nothing"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"w\.pth"):
            open_space(f"inception:{path}", GREY)
    torch.save([1, 2], path)
    with pytest.raises(UserError, match="state_dict"):
        open_space(f"inception:{path}", GREY)
    torch.save({"fc.weight": torch.zeros(1008, 2048)}, path)
    with pytest.raises(UserError, match="lacks Conv2d_1a_3x3"):
        open_space(f"inception:{path}", GREY)
    torch.save({"Conv2d_1a_3x3.conv.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="Conv2d_1a_3x3"):
        open_space(f"inception:{path}", GREY)
    with pytest.raises(UserError, match="there is no file"):
        open_space(f"inception:{tmp_path / 'none.pth'}", GREY)


@pytest.mark.parametrize("shape", [(64,), (2, 20, 20)])
def test_other_examples_than_pictures_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="1 or 3 channels"):
        open_space("inception:w.pth", DataSpec(shape, None))
