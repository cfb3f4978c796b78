"""What is said while a model trains: once each, and nothing to a healthy one."""

import math
from collections.abc import Mapping

import pytest
import torch

from vaekit import build_recipe, train
from vaekit.core import VAE
from vaekit.data import load
from vaekit.data.batches import Examples
from vaekit.diagnosis.watch import Watch
from vaekit.posteriors import DiagonalGaussian

DATA = load("digits")
X = Examples.of(DATA, "validation").first(20)


def vae(recipe: str = "vae", **options: object) -> VAE:
    return build_recipe(recipe, DATA.spec, latents=4, **options).model.eval()


def row(elbo: float = -10.0, kl: float = 8.0, nll: float = -100.0) -> dict[str, float]:
    return {"validation_nll_density": nll, "validation_kl": kl, "validation_elbo_density": elbo}


def lines(model: VAE, rows: list[dict[str, float]], past: tuple[Mapping[str, float], ...] = ()) -> list[str]:
    watch = Watch(0.1, X, past)
    said = [watch.look(model, one, (i + 1) / len(rows)) for i, one in enumerate(rows)]
    return [line for line in said if line is not None]


def test_nothing_is_said_to_a_healthy_training() -> None:
    assert lines(vae(), [row(-30.0 + i) for i in range(30)]) == []


def test_nothing_is_said_of_the_first_steps() -> None:
    assert lines(vae(), [{**row(kl=0.01), "step": 60.0 * (i + 1)} for i in range(3)]) == []
    assert lines(vae(), [{**row(kl=0.01), "step": 100.0 * (i + 1)} for i in range(3)]) != []


def test_collapse_is_said_once_and_not_before_the_weight_has_settled() -> None:
    watch = Watch(0.5, X)
    assert watch.look(vae(), row(kl=0.01), 0.4) is None
    assert "collapsed" in (watch.look(vae(), row(kl=0.01), 0.6) or "")
    assert watch.look(vae(), row(kl=0.01), 0.7) is None


def test_a_fixed_sigma_far_from_the_errors_is_said_with_the_beta_it_implies() -> None:
    # 64 values, σ² = .49 and a squared error of .0049: −log p = 32 (.01 + ln 2π·.49).
    nll = 32 * (0.01 + math.log(2 * math.pi * 0.49))
    (line,) = lines(vae(sigma=0.7), [row(nll=nll)] * 3)
    assert "0.49" in line
    assert "0.0049" in line
    assert "beta were 100" in line
    right = 32 * (1.0 + math.log(2 * math.pi * 0.49))
    assert lines(vae(sigma=0.7), [row(nll=right)] * 3) == []


def test_exploding_variances_are_said() -> None:
    model = vae()
    posterior = model.posteriors["z"]
    assert isinstance(posterior, DiagonalGaussian)
    assert isinstance(posterior.log_std, torch.nn.Linear)
    with torch.no_grad():
        posterior.log_std.bias[0] += 10
    (line,) = lines(model, [row()] * 3)
    assert "running away" in line
    assert line.startswith("warning: 25.0 %")


def test_overfitting_is_said_when_enough_was_lost_for_long_enough() -> None:
    falling = [row(-30.0 + i) for i in range(10)] + [row(-20.0 - i) for i in range(12)]
    (line,) = lines(vae(), falling)
    assert "best is kept" in line or "best model is kept" in line
    flat = [row(-30.0 + i) for i in range(10)] + [row(-21.1)] * 12
    assert lines(vae(), flat) == []


def test_what_is_not_finite_is_said_at_once() -> None:
    watch = Watch(0.5, X)
    assert "not finite" in (watch.look(vae(), row(math.nan), 0.01) or "")


def test_a_run_that_goes_on_knows_its_past() -> None:
    past = tuple(row(-30.0 + i) for i in range(10))
    assert lines(vae(), [row(-20.0 - i) for i in range(12)]) != lines(vae(), [row(-25.0)] * 12, past)
    assert "best" in lines(vae(), [row(-25.0)] * 12, past)[0]


@pytest.mark.parametrize("recipe", ["ae", "vq_vae"])
def test_models_without_widths_are_watched_as_far_as_they_go(recipe: str) -> None:
    model = build_recipe(recipe, DATA.spec).model.eval()
    assert lines(model, [{"validation_loss": 3.0}] * 3) == []


def test_the_public_training_says_it(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    train(
        "digits", beta=64.0, warmup=0.1, epochs=24, latents=2, sheets=0, speed="plain", out=f"{tmp_path}/run"
    )
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning:")]
    assert len(said) == 1
    assert "collapsed" in said[0]
