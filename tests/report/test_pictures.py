import pytest
import torch

from vaekit.report.pictures import interpolations, reconstructions, traversal
from vaekit.spec import DataSpec

SPECS = [DataSpec((1, 6, 5), 2, 0.2), DataSpec((3, 6, 5), 256, 0.1), DataSpec((7,), None, 1.0)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: str(spec.shape))
@pytest.mark.parametrize("picture", ["reconstructions", "interpolations", "traversal"])
def test_every_picture_can_be_drawn_for_a_hierarchy_with_a_mixture(make_vae, spec, picture) -> None:
    vae = make_vae(spec, "hierarchical_vae", mixture=True)
    x = torch.rand(14, *spec.shape)
    drawn = {
        "reconstructions": lambda: reconstructions(vae, x),
        "interpolations": lambda: interpolations(vae, x[:2], x[2:4], 4),
        "traversal": lambda: traversal(vae, x)[0],
    }[picture]()
    assert drawn.mode == "RGB"
    assert drawn.width >= 600


def test_no_example_is_left_out_of_reconstructions(make_vae) -> None:
    vae = make_vae(SPECS[0])
    x = torch.rand(13, *SPECS[0].shape)
    assert reconstructions(vae, x).height > reconstructions(vae, x[:12]).height


def test_traversal_names_its_dimensions(make_vae) -> None:
    _, dims = traversal(make_vae(SPECS[0]), torch.rand(9, *SPECS[0].shape))
    assert sorted(dims) == [0, 1, 2, 3]
