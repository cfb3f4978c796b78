import math
from copy import deepcopy
from dataclasses import replace
from math import sqrt

import pytest
import torch

from vaekit.core import VAE
from vaekit.data.batches import Examples
from vaekit.evaluation import Evaluation, Figure, bounds, evaluate
from vaekit.evaluation.measures import DEQUANTISED, MASS, measures_for
from vaekit.recipes.recipe import build_recipe
from vaekit.spec import DataSpec

GREY = DataSpec((1, 4, 4), 17, 0.1)
BINARY = DataSpec((1, 4, 4), 2, 0.2)
TABLE = DataSpec((6,), None)


def model(spec: DataSpec) -> VAE:
    return build_recipe("vae", spec, latents=2, hidden=(8,)).model


def split(spec: DataSpec, n: int = 70) -> Examples:
    if spec.levels is None:
        return Examples(torch.randn(n, *spec.shape), 1.0, False)
    return Examples(torch.randint(spec.levels, (n, *spec.shape)), spec.levels - 1.0, False)


@pytest.mark.parametrize("spec", [GREY, BINARY, TABLE])
def test_every_figure_is_the_mean_of_its_examples_with_its_standard_error(spec: DataSpec) -> None:
    vae, examples = model(spec).eval(), split(spec)
    evaluation = evaluate(vae, examples, spec, importance_samples=7)
    with torch.no_grad():
        measures = measures_for(vae.likelihood, vae.trace(examples.all()).likelihood, spec)
    rate, found = bounds(vae, examples, measures, 7)
    per_example = {("rate (KL)", ""): rate}
    for measure, bound in found.items():
        per_example |= {
            ("-ELBO", measure): -bound.elbo,
            ("IWAE-7", measure): -bound.iwae,
            ("distortion", measure): bound.distortion,
        }
    nats = {(f.name, f.measure): f for f in evaluation.figures if f.unit == "nats"}
    bits = {(f.name, f.measure): f for f in evaluation.figures if f.unit == "bits/dim"}
    assert nats.keys() == per_example.keys()
    assert bits.keys() == per_example.keys() - {("rate (KL)", "")}
    for key, values in per_example.items():
        error = values.double().std().item() / sqrt(70)
        assert nats[key].value == pytest.approx(values.double().mean().item(), rel=1e-12)
        assert nats[key].standard_error == pytest.approx(error, rel=1e-12)
    for key, figure in bits.items():
        assert figure.value == pytest.approx(nats[key].value / (spec.dimensions * math.log(2)))
        assert figure.standard_error == pytest.approx(
            nats[key].standard_error / (spec.dimensions * math.log(2))
        )


def test_standard_errors_are_those_of_repeated_samples() -> None:
    """The spread of 200 means of 20 examples each is the standard error: 5 of its own s.e., 1/√(2·199) each."""
    vae = model(TABLE).eval()
    everything = torch.randn(4000, 6)
    values = [
        evaluate(vae, Examples(part, 1.0, False, seed), TABLE, importance_samples=1)
        for seed, part in enumerate(everything.split(20))
    ]
    means = torch.tensor([v.value("-ELBO") for v in values])
    errors = torch.tensor([v.figures[0].standard_error for v in values])
    ratio = means.std() / errors.square().mean().sqrt()
    assert abs(ratio.item() - 1) < 5 / sqrt(2 * 199)


def test_reconstruction_errors() -> None:
    """PSNR is −10 log₁₀ of each example's error, averaged over examples."""
    vae, examples = model(GREY).eval(), split(GREY)
    evaluation = evaluate(vae, examples, GREY, importance_samples=1)
    x = examples.all()
    errors = (x - vae.reconstruct(x)).square().flatten(1).mean(-1)
    assert evaluation.value("MSE", unit="") == pytest.approx(errors.mean().item(), rel=1e-5)
    assert evaluation.value("PSNR", unit="dB") == pytest.approx(
        (-10 * errors.log10()).mean().item(), rel=1e-5
    )
    table = evaluate(model(TABLE), split(TABLE), TABLE, importance_samples=1)
    assert [f.name for f in table.figures if f.unit in ("", "dB")] == ["MSE"]


def test_evaluation_changes_nothing_but_the_mode() -> None:
    vae, examples = model(GREY).train(), split(GREY)
    before, state = deepcopy(vae.state_dict()), torch.get_rng_state()
    one = evaluate(vae, examples, GREY, importance_samples=3)
    assert not vae.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in vae.state_dict().items())
    assert evaluate(vae, examples, GREY, importance_samples=3) == one


@pytest.mark.parametrize("blocks", [1, 5])
def test_blocks_do_not_change_a_figure(blocks: int) -> None:
    vae, examples = model(GREY), split(GREY, 220)
    one, other = (evaluate(vae, examples, GREY, "test", 3, b) for b in (2, blocks))
    for a, b in zip(one.figures, other.figures, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-5)


@pytest.mark.parametrize("spec", [GREY, BINARY, TABLE])
def test_every_bound_in_the_table_says_its_measure_and_unit(spec: DataSpec) -> None:
    evaluation = evaluate(model(spec), split(spec), spec, "validation", 3)
    head, *lines = evaluation.table().splitlines()
    assert head == "validation split, 70 examples, 3 importance samples"
    rows = [line for line in lines if line.split()[0] in ("-ELBO", "IWAE-3", "distortion")]
    assert len(rows) == (6 if spec is GREY else 3)
    for row in rows:
        assert "nats  mass" in row or "nats  density" in row
        assert row.endswith(" bits/dim")
    assert [line for line in lines if line.endswith(":")] == ["bounds:", "pictures:"]
    assert sum("density of uniformly dequantised x" in row for row in rows) == (3 if spec is GREY else 0)


BOUNDED = Evaluation(
    "test",
    10,
    5,
    (
        Figure("-ELBO", 12.0, 0.5, "nats", "mass, by dequantisation", "≤"),
        Figure("-ELBO", 1.5, 0.25, "bits/dim", "mass, by dequantisation", "≤"),
        Figure("-ELBO", 3.0, 0.5, "nats", "density of uniformly dequantised x"),
        Figure("MSE", 0.25, 0.125, ""),
    ),
)


def test_a_bound_is_marked_as_one() -> None:
    assert BOUNDED.table().splitlines()[1:] == [
        "  -ELBO        ≤     12.0000 ± 0.5000 nats  mass, by dequantisation  ≤ 1.5000 bits/dim",
        "  -ELBO               3.0000 ± 0.5000 nats  density of uniformly dequantised x",
        "  MSE                 0.2500 ± 0.1250",
    ]
    assert [str(figure) for figure in BOUNDED.figures] == [
        "-ELBO: ≤ 12.000 ± 0.500 nats",
        "-ELBO: ≤ 1.500 ± 0.250 bits/dim",
        "-ELBO: 3.000 ± 0.500 nats",
        "MSE: 0.250 ± 0.125",
    ]


def test_a_value_is_found_by_name_measure_and_unit() -> None:
    assert BOUNDED.value("-ELBO") == 12.0
    assert BOUNDED.value("-ELBO", "density") == 3.0
    assert BOUNDED.value("-ELBO", unit="bits/dim") == 1.5
    with pytest.raises(KeyError, match=r"no figure IWAE-5 \(mass, nats\)"):
        BOUNDED.value("IWAE-5", "mass")


def test_json_holds_everything() -> None:
    for evaluation in (BOUNDED, evaluate(model(GREY), split(GREY), GREY, importance_samples=2)):
        again = Evaluation.from_json(evaluation.to_json())
        # A NaN is no value that equals itself.
        assert [str(figure) for figure in again.figures] == [str(figure) for figure in evaluation.figures]
        assert replace(again, figures=()) == replace(evaluation, figures=())


def test_the_headline_of_data_with_levels_is_the_mass() -> None:
    evaluation = evaluate(model(GREY), split(GREY), GREY, importance_samples=2)
    assert evaluation.figures[0].measure == MASS
    assert evaluation.value("-ELBO") != evaluation.value("-ELBO", DEQUANTISED)


def test_flat_pictures_have_no_detail_to_explain() -> None:
    spec = DataSpec((1, 16, 16), 17, 0.1)
    flat = Examples(torch.arange(4).reshape(4, 1, 1, 1).expand(4, 1, 16, 16), 16.0, False)
    for examples, expected in ((flat, 0), (split(spec, 4), 4)):
        evaluation = evaluate(model(spec), examples, spec, importance_samples=2)
        assert len([figure for figure in evaluation.figures if " f " in figure.name]) == expected
        assert all(math.isfinite(figure.value) for figure in evaluation.figures)


def test_one_example_has_no_standard_error() -> None:
    evaluation = evaluate(model(GREY), split(GREY, 1), GREY, importance_samples=2)
    assert math.isnan(evaluation.figures[0].standard_error)
    assert math.isfinite(evaluation.figures[0].value)
