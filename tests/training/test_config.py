import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import vaekit
from vaekit.data.options import PictureOptions
from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError
from vaekit.recipes import RECIPES, parameters_of
from vaekit.training.config import RunConfig, config_from, read_config
from vaekit.training.options import TrainingOptions

SET = TrainingOptions(
    epochs=3, lr=1e-8, decay="exponential", weight_decay=1e-5, clip=100.0, seed=7, device="cpu", shards=4
)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_configuration_survives_yaml(recipe: str, tmp_path: Path) -> None:
    config = RunConfig(
        "digits", recipe, parameters_of(recipe), 17, "dynamic", SplitOptions(0.2, 0.05, 3), SET
    )
    assert config_from(yaml.safe_load(config.to_yaml())) == config
    (tmp_path / "c.yaml").write_text(config.to_yaml())
    assert read_config(tmp_path / "c.yaml") == config


def test_options_of_every_kind_survive_yaml() -> None:
    options = {"hidden": [200, 100], "sigma": 0.05, "latents": 3, "activation": "relu", "warmup": 0.0}
    config = config_from({"data": "some/data.npy", **options})
    assert config.options["hidden"] == (200, 100)
    assert config_from(yaml.safe_load(config.to_yaml())) == config


@pytest.mark.parametrize("size", [None, 48, (128, 104)])
def test_how_pictures_fit_survives_yaml(size: int | tuple[int, int] | None, tmp_path: Path) -> None:
    pictures = PictureOptions("celeba", size, 1, False, 0.25)
    config = RunConfig("faces", options=parameters_of("vae"), pictures=pictures)
    (tmp_path / "c.yaml").write_text(config.to_yaml())
    assert read_config(tmp_path / "c.yaml") == config


def test_what_is_not_given_is_the_default() -> None:
    config = config_from({"data": "digits"})
    assert config == RunConfig("digits", "vae", parameters_of("vae"))
    assert config.training == TrainingOptions()


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", "0.001", "+1E-3", ".1e-2", "1.e-3"])
def test_a_file_may_write_numbers_as_people_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"data: digits\nlr: {text}\n")
    assert read_config(tmp_path / "c.yaml").training.lr == 0.001


@pytest.mark.parametrize(("key", "hint"), [("epoch", "epochs"), ("latent", "latents"), ("recip", "recipe")])
def test_an_unknown_key_comes_with_the_nearest(key: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"here has the unknown key {key}; did you mean {hint}"):
        config_from({"data": "digits", key: 3}, "here")


def test_an_option_of_another_recipe_is_unknown() -> None:
    assert config_from({"data": "digits", "recipe": "iwae", "samples": 9}).options["samples"] == 9
    with pytest.raises(UserError, match="unknown key samples"):
        config_from({"data": "digits", "samples": 9})


def test_an_unknown_recipe_comes_with_the_nearest() -> None:
    with pytest.raises(UserError, match="no recipe is called iwea; did you mean iwae"):
        config_from({"data": "digits", "recipe": "iwea"})


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": 3}])
def test_data_must_be_named(data: dict[str, object]) -> None:
    with pytest.raises(UserError, match="names no data"):
        config_from(data)


def bad_values() -> list[dict[str, object]]:
    return [
        {"epochs": "three"},
        {"epochs": 2.5},
        {"epochs": True},
        {"batch_size": 1.5},
        {"seed": 0.5},
        {"lr": "fast"},
        {"clip": None},
        {"decay": "cosin"},
        {"device": "gpu"},
        {"crop": "celebs"},
        {"crop": [3]},
        {"image_size": "big"},
        {"image_size": [64, 64, 3]},
        {"flip": "maybe"},
        {"unreadable": "few"},
        {"levels": "many"},
        {"levels": 2.5},
        {"split": 3},
        {"split": {"tst": 0.1}},
        {"split": {"test": "some"}},
    ]


@pytest.mark.parametrize("given", bad_values(), ids=str)
def test_values_of_the_wrong_kind_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(UserError):
        config_from({"data": "digits", **given})


def test_values_of_the_wrong_kind_are_refused_without_type_checking_too() -> None:
    """Users run without the checks that these tests switch on; torch must not even be imported."""
    script = (
        "import sys\nfrom vaekit.training.config import config_from\nfrom vaekit.errors import UserError\n"
        f"for given in {bad_values()}:\n"
        "    try:\n        config_from({'data': 'digits', **given})\n        print('passed', given)\n"
        "    except UserError:\n        pass\n"
        "print('torch' in sys.modules)"
    )
    path = str(Path(str(vaekit.__file__)).parents[1])
    ended = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "False\n"


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"just text", b"a: [1", b"\xff\xfe\x00", b"a: &x *y"])
def test_a_file_that_is_no_configuration_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"c\.yaml"):
        read_config(tmp_path / "c.yaml")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the configuration"):
        read_config(tmp_path / "none.yaml")


def test_a_file_runs_no_code(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"data: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    with pytest.raises(UserError, match="cannot read the configuration"):
        read_config(tmp_path / "c.yaml")
    assert not (tmp_path / "made").exists()
