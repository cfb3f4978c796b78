from dataclasses import replace

from vaekit.data.splits import SplitOptions
from vaekit.training.config import RunConfig
from vaekit.training.families import differ_only_in, families, labels
from vaekit.training.options import TrainingOptions

PLAIN = RunConfig("digits", "beta_vae", {"beta": 1.0, "latents": 2})


def seeded(config: RunConfig, seed: int) -> RunConfig:
    return replace(config, training=replace(config.training, seed=seed))


def test_another_seed_or_machine_is_the_same_family() -> None:
    quick = replace(
        PLAIN, training=TrainingOptions(seed=1, device="cpu", precision="bfloat16", layout="channels_last")
    )
    assert families({"a": PLAIN, "b": quick, "c": seeded(PLAIN, 2)}) == (("a", "b", "c"),)


def test_the_same_seed_twice_is_no_second_training() -> None:
    assert families({"a": PLAIN, "b": seeded(PLAIN, 1), "c": PLAIN}) == (("a", "b"), ("c",))


def test_other_options_data_or_splits_are_other_families() -> None:
    others = {
        "beta": replace(PLAIN, options={**PLAIN.options, "beta": 4.0}),
        "data": replace(PLAIN, data="mnist"),
        "split": replace(PLAIN, split=SplitOptions(seed=3)),
        "epochs": replace(PLAIN, training=TrainingOptions(epochs=3)),
        "recipe": replace(PLAIN, recipe="vae"),
    }
    assert families({"plain": PLAIN, **others}) == tuple((name,) for name in ("plain", *others))


def test_labels_name_what_differs() -> None:
    other = replace(PLAIN, data="somewhere/mnist", options={**PLAIN.options, "latents": 8})
    assert labels([PLAIN, other]) == ("beta_vae on digits latents=2", "beta_vae on mnist latents=8")
    assert labels([PLAIN]) == ("beta_vae",)
    epochs = replace(PLAIN, training=TrainingOptions(epochs=3))
    assert labels([PLAIN, epochs]) == ("beta_vae epochs=None", "beta_vae epochs=3")


def test_runs_that_differ_in_beta_alone() -> None:
    betas = [
        seeded(replace(PLAIN, options={**PLAIN.options, "beta": b}), s) for b in (1.0, 4.0) for s in (0, 1)
    ]
    assert differ_only_in(betas, "beta")
    assert not differ_only_in([*betas, replace(PLAIN, data="mnist")], "beta")
    assert not differ_only_in(betas[:2], "beta")
    assert not differ_only_in([replace(PLAIN, recipe="vae", options={})], "beta")
