from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

from vaekit import api
from vaekit.data import SplitOptions, fingerprint, load
from vaekit.errors import UserError

SMALL: dict[str, Any] = {"latents": 2, "hidden": (8,), "epochs": 1, "batch_size": 16, "prior": "standard"}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vaekit.training.forecast._MEASURE_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)


def pictures(count: int = 60) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 17, (count, 6, 5), dtype=np.uint8)


class Pairs(Dataset[tuple[torch.Tensor, int]]):
    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.as_tensor(pictures()[index]), index % 3


def test_every_source_of_the_same_values_trains_the_same_model() -> None:
    sources = [
        pictures(),
        {"x": pictures()},
        TensorDataset(torch.as_tensor(pictures())),
        Pairs(),
        "p.npy",
        Path("p.npy"),
    ]
    np.save("p.npy", pictures())
    runs = [api.train(source, levels=17, quiet=True, **SMALL) for source in sources]
    first = runs[0].vae.state_dict()
    for run in runs[1:]:
        assert all(torch.equal(first[name], tensor) for name, tensor in run.vae.state_dict().items())
    assert runs[3].data().train.labels is not None


def test_data_may_be_loaded_first() -> None:
    data = load(pictures(), levels=17, split=SplitOptions(seed=4))
    run = api.train(data, quiet=True, **SMALL)
    assert fingerprint(run.data()) == fingerprint(data)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    api.train(pictures(), levels=17, quiet=True, **SMALL)
    assert capsys.readouterr() == ("", "")


def test_otherwise_it_tells_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    api.train(pictures(), levels=17, **SMALL)
    told = capsys.readouterr().out
    assert "array: 48 train, 6 validation, 6 test examples of 1×6×5, 17 levels" in told
    assert "into runs/array-vae-001" in told


def test_folders() -> None:
    assert api.train(pictures(), "iwae", levels=17, quiet=True, **SMALL).folder.path == Path(
        "runs/array-iwae-001"
    )
    for out in ("given", Path("given too")):
        assert api.train(pictures(), levels=17, out=out, quiet=True, **SMALL).folder.path == Path(out)
    with pytest.raises(UserError, match="given exists already"):
        api.train(pictures(), levels=17, out="given", quiet=True, **SMALL)


def test_options_reach_recipe_split_and_training() -> None:
    options = {**SMALL, "beta": 3.0, "seed": 5, "lr": 0.01}
    run = api.train(pictures(), "beta_vae", levels=17, quiet=True, split=SplitOptions(test=0.3), **options)
    assert run.config.options["beta"] == 3.0
    assert (run.config.training.seed, run.config.training.lr) == (5, 0.01)
    assert len(run.data().test) == 18


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch": 3}, "the call has the unknown key epoch; did you mean epochs"),
        ({"recipe": "vea"}, "no recipe is called vea; did you mean vae"),
        ({"epochs": 0}, "--epochs must be positive"),
        ({"levels": 3}, "levels"),
        ({"device": "gpu"}, "device"),
        ({"likelihood": "bernoulli"}, "two levels"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_written(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        api.train(pictures(), **{"levels": 17, "quiet": True, **SMALL, **options})
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_scored_on_its_splits_or_on_other_data() -> None:
    run = api.train(pictures(), levels=17, quiet=True, **SMALL)
    test = api.evaluate(run, importance_samples=3)
    assert (test.split, test.examples, test.importance_samples) == ("test", 6, 3)
    assert api.evaluate(run, split="train", importance_samples=1).examples == 48
    other = api.evaluate(run, pictures(200), importance_samples=3)
    assert other.examples == 20
    assert other.value("-ELBO") != test.value("-ELBO")
    assert api.evaluate(run, importance_samples=3) == test
    with pytest.raises(UserError, match="there is no split 'tests'"):
        api.evaluate(run, split="tests")


def test_other_data_of_the_wrong_shape_are_refused() -> None:
    run = api.train(pictures(), levels=17, quiet=True, **SMALL)
    with pytest.raises(UserError, match=r"array has examples of shape \(1, 5, 5\) .* trained on \(1, 6, 5\)"):
        api.evaluate(run, pictures()[:, :5])


def test_a_loaded_run_is_the_trained_one() -> None:
    np.save("p.npy", pictures())
    run = api.train("p.npy", levels=17, quiet=True, **SMALL)
    loaded = api.load(run.folder.path)
    assert api.evaluate(loaded, importance_samples=3) == api.evaluate(run, importance_samples=3)
    assert (loaded.config, loaded.facts) == (run.config, run.facts)


def test_a_run_on_an_array_needs_it_again_once_loaded() -> None:
    run = api.train(pictures(), levels=17, quiet=True, **SMALL)
    loaded = api.load(str(run.folder.path))
    with pytest.raises(UserError, match="trained from Python on an object"):
        api.evaluate(loaded)
    assert api.evaluate(loaded, pictures(), importance_samples=3) == api.evaluate(run, importance_samples=3)
