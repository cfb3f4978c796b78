"""What is trained: planted illnesses and healthy runs, on the seeds for tuning and on the seeds for the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, final

from vaekit.diagnosis.finding import Illness

from .alterations import Alteration, decoder_hole, emptied, exploded, few_codes, leaked

Part = Literal["tuning", "test"]
Kind = Literal["ill", "healthy", "other"]

TUNING_SEEDS, TEST_SEEDS = (0, 1), (101, 102)
THE_POSTS = 0.00025 * 12_288 / 2
"""sigma^2 = wD/2 of the post's loss at its own D = 64 x 64 x 3."""
WRONG = 3.0
"""By how much sigma is wrong."""
MANY = 64
"""Latents of data that use a few."""
HEAVY = 4.0
"""beta under which only a few are worth what they cost."""


@final
@dataclass(frozen=True)
class Training:
    """One call of `vaekit.train`.

    Args:
        data: name of the data set.
        recipe: its name.
        options: of the recipe and of training.
        fault: what is wrong with the data, a key of FAULTS.
        sigma: None, or by what the solved sigma of the same training is multiplied, and then fixed.
    """

    data: str
    recipe: str = "vae"
    options: Mapping[str, object] = field(default_factory=dict)
    fault: str = ""
    sigma: float | None = None


@final
@dataclass(frozen=True)
class Planted:
    """An illness that was planted, or none.

    Args:
        name: what the table calls it.
        training: of the run.
        found: names of illnesses any of which counts as found; none for a healthy run.
        besides: names that are as true of what was planted.
        alteration: what is done to the trained run.
        kind: ill, healthy, or other: that the doctor must merely not choke on.
    """

    name: str
    training: Training
    found: frozenset[Illness] = frozenset()
    besides: frozenset[Illness] = frozenset()
    alteration: Alteration | None = None
    kind: Kind = "ill"


@final
@dataclass(frozen=True)
class Case:
    """A planting with its seed, and what it is for.

    Args:
        planted: what was planted.
        seed: of the splits, of training and of the doctor.
        part: whether thresholds were set on it.
    """

    planted: Planted
    seed: int
    part: Part

    @property
    def name(self) -> str:
        """Of the case, for people and for --only."""
        return f"{self.planted.name} / {self.planted.training.data} / {self.seed}"


def names(*illnesses: Illness) -> frozenset[Illness]:
    """A set of illnesses, checked by their type."""
    return frozenset(illnesses)


UNFITTED = names("prior misses", "hole")
"""True of many models whose prior is left at N(0, I), as it is here where fitting one would only take time."""

LEVELS: Mapping[str, int | None] = {"digits": 17, "shapes": 256, "MNIST": 256, "CelebA": 256}
"""Of the stored values; tables have none."""

COMMON: Mapping[str, object] = {"speed": "plain", "sheets": 0, "device": "cpu"}

PROPERLY: Mapping[str, Mapping[str, object]] = {
    "digits": {"net": "mlp", "latents": 16, "epochs": 300},
    "shapes": {"net": "mlp", "latents": 16, "epochs": 120},
    "MNIST": {"net": "mlp", "latents": 16, "epochs": 40},
    "CelebA": {"net": "mlp", "latents": 32, "epochs": 50},
    "table": {"net": "mlp", "latents": 8, "epochs": 60},
}
"""Trained for as long as it pays."""

BRIEFLY: Mapping[str, Mapping[str, object]] = {
    "digits": {"net": "mlp", "latents": 16, "epochs": 150},
    "shapes": {"net": "mlp", "latents": 16, "epochs": 40},
    "MNIST": {"net": "mlp", "latents": 16, "epochs": 15},
}
"""Long enough that what was planted is what is wrong most."""

SECOND: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "digits": ("iwae", {"prior": "gmm"}),
    "shapes": ("beta_vae", {"beta": 1.0}),
    "MNIST": ("iwae", {"prior": "gmm"}),
    "CelebA": ("photo_vae", {"size": "small"}),
    "table": ("iwae", {"prior": "gmm"}),
}
DIMENSIONS: Mapping[str, int] = {"digits": 64, "shapes": 1024, "MNIST": 784}
CODES: Mapping[str, int] = {"digits": 512, "shapes": 512, "MNIST": 512}


def healthy(data: str) -> list[Planted]:
    """The two recipes of a data set, with nothing wrong."""
    recipe, more = SECOND[data]
    plain = {"latents": PROPERLY[data]["latents"], "epochs": PROPERLY[data]["epochs"]}
    own = plain if recipe == "linear_vae" else PROPERLY[data]
    trainings = (Training(data, "vae", PROPERLY[data]), Training(data, recipe, {**own, **more}))
    return [Planted(f"healthy {one.recipe}", one, kind="healthy") for one in trainings]


def others() -> list[Planted]:
    """The exact linear model of Gaussian data, which is healthy, and an autoencoder, which has no evidence."""
    linear = Training("linear", "ppca", {"latents": 128})
    return [
        Planted("healthy exact linear model, d = 128", linear, kind="healthy"),
        Planted("autoencoder", Training("digits", "ae", BRIEFLY["digits"]), kind="other"),
    ]


def illnesses(data: str) -> list[Planted]:
    """All that can be planted in a data set; a mirrored shape is as good a shape."""
    found = [*of_the_model(data), *of_the_latents(data), *of_the_codes(data), *of_the_data(data)]
    return [planted for planted in found if (data, planted.training.fault) != ("shapes", "mirrored")]


def of_the_model(data: str) -> list[Planted]:
    """What is wrong with objective and likelihood."""
    usual = Training(data, "vae", BRIEFLY[data])
    standard = with_options(usual, prior="standard")
    weight = 2 * THE_POSTS / DIMENSIONS[data]
    too_wide = names("collapse", "dead dimensions", "blur") | UNFITTED
    too_narrow: frozenset[Illness] = frozenset(
        ("nearly an autoencoder", "prior misses", "hole", "weak posterior")
    )
    return [
        Planted(
            "collapse",
            with_options(standard, beta=float(DIMENSIONS[data])),
            names("collapse"),
            names("dead dimensions", "blur"),
        ),
        Planted(
            "the post's scale",
            replace(with_options(standard, weight=weight, size="small"), recipe="mse_vae"),
            names("wrong scale"),
            too_wide,
        ),
        Planted("sigma 3 times too large", replace(standard, sigma=WRONG), names("wrong scale"), too_wide),
        Planted(
            "sigma 3 times too small",
            replace(standard, sigma=1 / WRONG),
            names("wrong scale"),
            too_narrow | names("overfitting"),
        ),
        Planted(
            "undertraining",
            with_options(usual, epochs=2),
            names("undertraining"),
            names("collapse", "dead dimensions", "blur"),
        ),
    ]


def of_the_latents(data: str) -> list[Planted]:
    """What is wrong between prior, posterior and decoder."""
    usual = Training(data, "vae", BRIEFLY[data])
    plane = with_options(usual, latents=2)
    broken: frozenset[Illness] = frozenset(
        ("wrong scale", "prior misses", "hole", "weak posterior", "blur", "overfitting", "undertraining")
    )
    return [
        Planted(
            "a prior that misses q(z)",
            with_options(usual, beta=0.02, prior="standard"),
            names("prior misses"),
            names("hole", "nearly an autoencoder", "weak posterior"),
        ),
        Planted("a hole in the codes", plane, names("hole"), names("prior misses"), emptied),
        Planted("a hole in the decoder", plane, names("hole"), broken - names("undertraining"), decoder_hole),
        Planted(
            "dead dimensions",
            with_options(usual, latents=MANY, beta=HEAVY),
            names("dead dimensions"),
        ),
        Planted("an exploding log-variance", usual, names("exploding variance"), broken, exploded),
    ]


def of_the_codes(data: str) -> list[Planted]:
    """A codebook of which little is used; its uniform prior misses that by itself."""
    options = {
        "codes": CODES[data],
        "prior": "uniform",
        "epochs": {"digits": 40, "shapes": 5, "MNIST": 5}[data],
    }
    return [
        Planted(
            "dead codes",
            Training(data, "vq_vae", options),
            names("dead codes"),
            names("prior misses", "hole", "wrong scale", "undertraining", "blur"),
            few_codes,
        )
    ]


def of_the_data(data: str) -> list[Planted]:
    """What is wrong with the splits."""
    usual = Training(data, "vae", BRIEFLY[data])
    wide = replace(with_options(usual, hidden=(512, 512), net="mlp"), fault="few")
    by_heart: frozenset[Illness] = frozenset(
        (
            "overfitting",
            "leak",
            "nearly an autoencoder",
            "weak posterior",
            "wrong scale",
            "prior misses",
            "hole",
        )
    )
    return [
        Planted(
            "overfitting",
            with_options(wide, epochs=500),
            names("overfitting"),
            names("copying", "wrong scale", "weak posterior"),
        ),
        Planted(
            "overfitting, validated on the training set",
            replace(with_options(wide, epochs=500), fault="own-validation"),
            names("overfitting", "leak"),
            by_heart | names("copying"),
        ),
        Planted(
            "memorised data",
            replace(with_options(wide, epochs=1000, batch_size=64), fault="handful"),
            names("copying"),
            by_heart,
        ),
        Planted("a train/test leak", usual, names("leak"), alteration=leaked),
        Planted(
            "flips in validation",
            replace(usual, fault="mirrored"),
            names("flips in validation"),
            names("wrong scale"),
        ),
    ]


def with_options(training: Training, **options: object) -> Training:
    """The same training with some options changed.

    Example:
        >>> with_options(Training("digits"), beta=4.0).options
        {'beta': 4.0}
    """
    return replace(training, options={**training.options, **options})


def all_cases() -> list[Case]:
    """Tuning: digits twice and shapes once. Test: fresh seeds of digits, and MNIST; healthy runs of all five."""
    first, second = TUNING_SEEDS
    tuning = [(one, first) for one in (*healthy("digits"), *illnesses("digits"), *others())]
    tuning += [(one, first) for data in ("table", "shapes") for one in healthy(data)]
    tuning += [(one, first) for one in illnesses("shapes")]
    tuning += [(one, second) for one in illnesses("digits")]
    fresh, fresher = TEST_SEEDS
    test = [(one, fresh) for one in (*illnesses("digits"), *others())]
    test += [(one, fresh) for data in PROPERLY for one in healthy(data)]
    test += [(one, fresh) for one in illnesses("MNIST")]
    test += [(one, fresher) for one in (*illnesses("digits"), *illnesses("MNIST"))]
    return [Case(one, seed, "tuning") for one, seed in tuning] + [
        Case(one, seed, "test") for one, seed in test
    ]
