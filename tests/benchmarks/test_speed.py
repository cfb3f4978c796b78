"""What the figures of the benchmarks rest on; how fast anything is, no test says."""

import doctest
import importlib
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed_parts import bare, memory, network, ours, pictures, pythae_side, rounds, steps, tables
from vaekit.data.batches import Examples
from vaekit.spec import DataSpec

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def first_weight(model: torch.nn.Module) -> torch.Tensor:
    return next(model.parameters()).detach().clone()


@pytest.mark.parametrize("module", [rounds, steps, tables], ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # pyright: ignore[reportArgumentType]
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_operations_of_known_layers() -> None:
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, kernel_size=3, stride=2, padding=1),
        torch.nn.ConvTranspose2d(5, 2, kernel_size=3, stride=2, padding=1, output_padding=1),
        torch.nn.Flatten(),
        torch.nn.Linear(2 * 8 * 8, 7),
    )
    found = [flops for _, flops in network.forward_flops(layers, torch.zeros(1, 3, 8, 8))]
    # 4×4 places of a 3×3 kernel between 3 and 5 channels; likewise between 5 and 2; 128 inputs of 7 outputs.
    assert found == [2 * 16 * 9 * 15, 2 * 16 * 9 * 10, 2 * 128 * 7]


def test_operations_of_the_training_step_are_those_that_torch_counts() -> None:
    model = network.plain().train()
    with FlopCounterMode(display=False) as counter:
        output, mean, log_variance = model(torch.rand(2, *network.SHAPE))
        bare.negative_elbo(output, torch.rand(2, *network.SHAPE), mean, log_variance).backward()
    assert 2 * network.training_flops(model) == counter.get_total_flops()


def test_the_plain_network_is_vaekits() -> None:
    vae = ours.build("vae", DataSpec(network.SHAPE, 256, 0.05)).model.eval()
    plain, theirs = network.plain().eval(), ours.own_network(vae).eval()
    # Module for module in the same order, under other names.
    values = theirs.state_dict().values()
    plain.load_state_dict(dict(zip(plain.state_dict(), values, strict=True)))
    x, z = torch.rand(2, *network.SHAPE), torch.randn(2, network.LATENTS)
    with torch.no_grad():
        for one, other in zip(plain.encoder(x), theirs.encoder(x), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(plain.decoder(z), theirs.decoder(z), rtol=1e-4, atol=1e-5)


def test_everybody_takes_as_many_steps_and_ratios_are_paired() -> None:
    taken = {"a": 0, "b": 0}
    now = 0.0

    def contender(name: str, seconds: Iterator[float]) -> rounds.Contender:
        def take(number: int) -> None:
            nonlocal now
            taken[name] += number
            now += number * next(seconds)

        return rounds.Contender(name, 10, take)

    # The machine slows down over time; who is compared round by round does not see it.
    slow, fast = (2.0 * n for n in count(1)), (1.0 * n for n in count(1))
    found = rounds.take_turns([contender("a", slow), contender("b", fast)], 3, 5, clock=lambda: now)
    assert taken == {"a": rounds.WARM_UP + 15, "b": rounds.WARM_UP + 15}
    assert found.rates["b"] == pytest.approx([10 / 2, 10 / 3, 10 / 4])
    assert rounds.ratios(found.rates, "b", "a") == {"median": 2.0, "least": 2.0, "most": 2.0}


def test_ratios_of_all_are_against_those_that_took_part() -> None:
    rates = {steps.our_name("vae", "float32"): [3.0], steps.bare_name("float32"): [2.0], steps.POST: [1.0]}
    found = steps.compared(rates, ["vae"])
    assert {name: ratio["median"] for name, ratio in found.items()} == {
        "vaekit vae, float32 / bare loop, float32": 1.5,
        "vaekit vae, float32 / post's pipeline": 3.0,
    }


def test_the_posts_pictures(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    from benchmarks.speed_parts import post

    pictures.draw_celeba(tmp_path, 3)
    table = post.full_table(pictures.training_files(tmp_path))
    dataset = post.PostDataset(table, pictures.pictures_folder(tmp_path))
    assert len(table) == post.CELEBA_ROWS
    assert len(dataset) == post.CELEBA_TRAIN
    # Row 4 is the second of three files once more; mirrored or not, at random.
    whole = Image.open(pictures.pictures_folder(tmp_path) / "000002.jpg")
    cut = whole.crop((15, 35, 163, 183)).resize((64, 64), Image.Resampling.BILINEAR)
    expected = torch.from_numpy(np.array(cut)).permute(2, 0, 1) / 255
    found = dataset[4]
    assert torch.equal(found, expected) or torch.allclose(found, expected.flip(-1), atol=0.02)
    assert torch.equal(post.transformed(whole, mirrored=False), expected)


def test_the_posts_loop_trains(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    from benchmarks.speed_parts import post

    pictures.draw_celeba(tmp_path, 3)
    table = post.full_table(pictures.training_files(tmp_path))
    model = network.plain()
    before = first_weight(model)
    post.post("post", model, post.PostDataset(table, pictures.pictures_folder(tmp_path)), 2).take(1)
    assert not torch.equal(first_weight(model), before)


@pytest.mark.parametrize("precision", ours.PRECISIONS)
def test_the_bare_loop_trains(precision: str) -> None:
    model = network.plain()
    before = first_weight(model)
    bare.bare("bare", model, torch.rand(4, *network.SHAPE), 2, precision).take(1)
    assert not torch.equal(first_weight(model), before)


def test_the_bare_loss_is_the_negative_elbo_of_unit_variance() -> None:
    output, x = torch.randn(3, 3, 4, 4), torch.rand(3, 3, 4, 4)
    mean, log_variance = torch.randn(3, 2), torch.randn(3, 2)
    distortion = -torch.distributions.Normal(output.sigmoid(), 1.0).log_prob(x).flatten(1).sum(1)
    distortion -= 0.5 * np.log(2 * np.pi) * 48
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    found = bare.negative_elbo(output, x, mean, log_variance)
    torch.testing.assert_close(found, (distortion + kl).mean())


def test_pythae_trains_and_scores_the_same_weights() -> None:
    pytest.importorskip("pythae")
    from benchmarks.speed_parts import iwae

    images = (torch.rand(128, *iwae.SHAPE) > 0.5).to(torch.uint8)
    vae = iwae.trained(images, 2)
    ours_of_it = -ours.weighted_bound(vae, Examples(images[:4], 1.0, False), 400).mean().item()
    theirs = iwae.nll_of_pythae(iwae.in_pythae(vae), images[:4], 400, 100)
    # Of some 540 nats; over 30 seeds the difference had a standard deviation of 0.67, so that 4 nats are six of
    # them (false alarm under 1e-8). A forgotten ln 2π of each latent dimension would be 46 nats.
    assert ours_of_it == pytest.approx(theirs, abs=4.0)
    model = network.plain()
    before = first_weight(model)
    decoder = torch.nn.Sequential(model.decoder, torch.nn.Sigmoid())
    wrapped = pythae_side.model(network.SHAPE, network.LATENTS, model.encoder, decoder, "mse")
    pythae_side.pythae("Pythae", wrapped, torch.rand(8, *network.SHAPE), 2).take(2)
    assert not torch.equal(first_weight(model), before)


def test_commands_are_watched_and_their_failures_told() -> None:
    seen = memory.watch(["sh", "-c", "echo one; echo two; sleep 60"], until="two")
    assert seen.seen is not None
    assert seen.output.split() == ["one", "two"]
    with pytest.raises(RuntimeError, match="ended with 3"):
        memory.watch(["sh", "-c", "exit 3"])


def test_one_gpu_on_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    gpu = importlib.import_module("gpu")
    target = tmp_path / "gpu.json"
    gpu.main(["--device", "cpu", "--toy", "--full", "--out", str(target)])
    found = json.loads(target.read_text())
    assert set(found["images/s"]) == {gpu.EAGER_PLAIN, gpu.EAGER, gpu.CAPTURED, gpu.PLAIN, gpu.FAST}
    for name, figures in found["1 epochs, run"].items():
        assert np.isfinite(figures["validation ELBO, nats"]), name
    if not torch.cuda.is_available():
        with pytest.raises(SystemExit):
            gpu.main([])
        assert "no CUDA device" in capsys.readouterr().err


def test_sections_are_merged_and_become_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    speed = importlib.import_module("speed")
    peaks = {f"matrix product {precision}, GFLOP/s": 100.0 for precision in ours.PRECISIONS}
    file = tmp_path / "speed.json"
    file.write_text(json.dumps(speed.merged(file, "machine", peaks)))
    three = {"median": 2.0, "least": 1.0, "most": 3.0}
    figures = {
        "pictures": "drawn",
        "threads": 1,
        "batch": 64,
        "GFLOP per training image": 0.3,
        "images/s": {steps.POST: three},
        "processors used": {steps.POST: three},
        "undisturbed": False,
        "GFLOP/s": {steps.POST: 25.0},
        "ratios": {"a / b": three},
    }
    results = speed.merged(file, "steps", figures)
    assert results["sections"]["steps"]["figures"]["fraction of the matrix peak"] == {steps.POST: 0.25}
    text = tables.markdown(results)
    assert "| post's pipeline | 2 (1–3) |  | 25.0 | 0.25 | 2.0 |" in text
    assert "measure again" in text
    assert "| matrix product float32, GFLOP/s | 100.0 |" in text
