"""Whether z is used: collapse, dead dimensions, exploding variances, codes without noise."""

from collections.abc import Sequence

from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.errors import CapabilityError
from vaekit.evaluation.latent_use import DEAD, SiteUse, latent_use, spaced

EXAMPLES = 1000
COLLAPSED, FEEBLE = 0.5, 2.0
"""Nats of all dimensions together: below the first, z says nothing; below the second, hardly anything."""
MOSTLY_DEAD, HALF_DEAD = 0.8, 0.5
"""Shares of dead dimensions; some are usual, for an encoder leaves unused what it was given too many of."""
WIDE_SHARE = 0.001
"""Share of posteriors wider than three standard deviations of the prior; without a fault there are none."""
SHARP, CERTAIN, NEARLY_ALL = 0.05, 3.0, 0.9
"""σ_q in prior deviations and nats of a dimension beyond which it is hardly noisy, and of how many dimensions."""


def latents(patient: Patient) -> Sequence[Finding]:
    """Look at the rate, the active units and the widths of all sites on held-out examples.

    Raises:
        CapabilityError: for points and codes, whose use is measured otherwise.
    """
    if patient.vae.deterministic:
        raise CapabilityError("codes that are points or entries of a codebook have no rate per dimension")
    sites = latent_use(patient.vae, spaced(patient.test, EXAMPLES), patient.seed)
    return (collapse(sites, patient), dead(sites, patient), exploding(sites, patient), sharp(sites, patient))


def collapse(sites: Sequence[SiteUse], patient: Patient) -> Finding:
    """Bad where all dimensions together say less than half a nat, or none differs between examples."""
    rate = sum(site.rate.sum().item() for site in sites)
    active, all_of_them = sum(site.active for site in sites), _dimensions(sites)
    verdict: Verdict = "bad" if rate < COLLAPSED or active == 0 else "unsure" if rate < FEEBLE else "good"
    note = {
        "bad": "z says nothing about x: the decoder models the data without it",
        "unsure": "z says little about x",
        "good": "",
    }[verdict]
    return Finding(
        "active units",
        "collapse",
        f"{active} of {all_of_them}, {rate:.2f} nats",
        f"at least 1, and {FEEBLE:g} nats in all",
        verdict,
        note,
        None if verdict == "good" else _against_collapse(patient),
        active,
    )


def dead(sites: Sequence[SiteUse], patient: Patient) -> Finding:
    """Bad where over four in five dimensions say less than .01 nat."""
    count, all_of_them = sum(site.dead for site in sites), _dimensions(sites)
    share = count / all_of_them
    verdict: Verdict = "bad" if share > MOSTLY_DEAD else "unsure" if share > HALF_DEAD else "good"
    left = (
        "no dimension is used"
        if count == all_of_them
        else f"{all_of_them - count} dimensions do all the work"
    )
    note = "" if verdict == "good" else left
    advice = None
    if verdict != "good" and sum(site.rate.sum().item() for site in sites) < COLLAPSED:
        # Fewer dimensions are no remedy for a z that says nothing.
        advice = _against_collapse(patient)
    elif verdict != "good":
        wanted = max(2, round(1.25 * (all_of_them - count)))
        advice = Advice(
            "fewer dimensions train faster and leave nothing idle",
            patient.commands.again(f"--latents {wanted}"),
        )
        if "latents" not in patient.commands.recipe_options or len(sites) > 1:
            advice = Advice(
                "the unused dimensions cost little; a smaller model has none of them",
                patient.commands.anew("vae", f"--latents {wanted}"),
            )
    return Finding(
        "dead dimensions",
        "dead dimensions",
        f"{count} of {all_of_them} under {DEAD:g} nat",
        f"at most {100 * HALF_DEAD:.0f} %",
        verdict,
        note,
        advice,
        share,
    )


def exploding(sites: Sequence[SiteUse], patient: Patient) -> Finding:
    """Bad where posteriors are wider than three deviations of the prior, which no bound rewards."""
    share = max(site.wide for site in sites)
    verdict: Verdict = "bad" if share > WIDE_SHARE else "good"
    advice = Advice(
        "smaller and clipped steps keep log sigma in range", patient.commands.again("--lr 0.0003 --clip 100")
    )
    return Finding(
        "wide posteriors",
        "exploding variance",
        f"{100 * share:.3g} % wider than 3 prior deviations",
        f"at most {100 * WIDE_SHARE:g} %",
        verdict,
        "the encoder's log sigma has run away" if verdict == "bad" else "",
        advice if verdict == "bad" else None,
        share,
    )


def sharp(sites: Sequence[SiteUse], patient: Patient) -> Finding:
    """Bad where nearly all dimensions carry over 3 nats with a σ_q under .05: a noisy code in name only."""
    certain = sum(int(((site.rate > CERTAIN) & (site.width < SHARP)).sum()) for site in sites)
    share = certain / _dimensions(sites)
    verdict: Verdict = "bad" if share > NEARLY_ALL else "unsure" if share > 0.5 else "good"
    advice = None
    if verdict != "good":
        beta = patient.options.get("beta")
        smoother = "a larger weight of the KL pays for a smoother latent space"
        if not isinstance(beta, float | int):
            advice = Advice(smoother, patient.commands.anew("beta_vae", "--beta 4"))
        elif beta < 1:
            advice = Advice("beta = 1 is the evidence lower bound", patient.commands.again("--beta 1"))
        else:
            advice = Advice(smoother, patient.commands.again(f"--beta {4 * beta:g}"))
    return Finding(
        "sharp posteriors",
        "nearly an autoencoder",
        f"{certain} of {_dimensions(sites)} dimensions",
        f"at most half with over {CERTAIN:g} nats and a width under {SHARP:g}",
        verdict,
        "codes have next to no noise: between them the decoder has learned nothing"
        if verdict == "bad"
        else "",
        advice,
        share,
    )


def _against_collapse(patient: Patient) -> Advice:
    beta, sigma = patient.options.get("beta"), patient.options.get("sigma")
    commands = patient.commands
    if isinstance(beta, float | int) and beta > 1:
        return Advice("a smaller weight of the KL leaves z something to say", commands.again("--beta 1"))
    if "sigma" in commands.recipe_options and sigma not in ("solved", "dct", "haar", None):
        return Advice(
            "a sigma^2 as large as the data's own variance explains them without z",
            commands.again("--sigma solved"),
        )
    free = patient.options.get("free_bits")
    if isinstance(free, float | int) and commands.recipe != "pixel_vae":
        return Advice(
            "free bits let every dimension say something before it costs",
            commands.again(f"--free_bits {max(0.1, 2 * free):g}{_diagonal(patient)}"),
        )
    return Advice("the plain recipe solves sigma^2 and warms the KL up", commands.anew("vae"))


def _diagonal(patient: Patient) -> str:
    """Free bits are of dimensions, which a full covariance does not tell apart."""
    given = patient.options.get("posterior", "diagonal")
    return "" if given == "diagonal" else " --posterior diagonal"


def _dimensions(sites: Sequence[SiteUse]) -> int:
    return sum(len(site.rate) for site in sites)
