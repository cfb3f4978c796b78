"""Whether the prior covers the codes of the data: mutual information, marginal KL, a classifier of codes."""

import math
from collections.abc import Sequence

from vaekit.core import Discrete, Point
from vaekit.diagnosis.finding import Advice, Finding, Verdict
from vaekit.diagnosis.patient import Patient
from vaekit.evaluation.aggregate import Information, TwoSample, information, two_sample
from vaekit.priors import GaussianMixturePrior, NoPrior

GOOD_AUC, BAD_AUC = 0.55, 0.65
"""Of a classifier between codes and draws of the prior: ½ says that it cannot tell them."""
GOOD_MARGINAL, BAD_MARGINAL = 0.1, 0.25
"""Shares of the rate that are spent on the distance of q(z) from p(z) instead of on x."""
LEAST_MARGINAL = 0.5
"""Nats: less is no reason to do anything."""


def aggregate(patient: Patient) -> Sequence[Finding]:
    """Compare q(z) with p(z) at the top site.

    Raises:
        CapabilityError: if codes are no vectors of a continuous space.
    """
    if isinstance(patient.vae.latents.top, NoPrior):
        return (_no_prior(patient),)
    classified = two_sample(patient.vae, patient.train, patient.test, seed=patient.seed)
    if isinstance(patient.vae.posteriors[next(iter(patient.vae.latents.sites))], Point):
        return (_classifier(classified, False, patient),)  # points have no density to take a logarithm of
    found = information(patient.vae, patient.train, seed=patient.seed)
    return (_mutual(found), _marginal(found, patient), _classifier(classified, found.saturated, patient))


def _no_prior(patient: Patient) -> Finding:
    return Finding(
        "codes against prior",
        "prior misses",
        "no prior",
        f"AUC at most {GOOD_AUC:g}",
        "unsure",
        "an autoencoder learns none, and nothing can be sampled",
        Advice("fit a mixture to the codes", patient.commands.mixture()),
    )


def _mutual(found: Information) -> Finding:
    saturated = found.saturated
    sign = "at least " if saturated else ""
    note = (
        f"{math.exp(found.most):.0f} codes cannot show more than ln N = {found.most:.1f} nats, and nothing above "
        f"{found.most - 1:.1f} can be read"
        if saturated
        else ""
    )
    return Finding(
        "mutual information",
        "prior misses",
        f"{sign}{found.mutual:.2f} ± {found.standard_error:.2f} nats of {found.rate:.2f}",
        f"readable below ln N - 1 = {found.most - 1:.1f}",
        "unread" if saturated else "good",
        note,
        None,
        found.mutual,
    )


def _marginal(found: Information, patient: Patient) -> Finding:
    share = found.marginal / found.rate if found.rate > 0 else 0.0
    reference = f"at most {100 * GOOD_MARGINAL:.0f} % of the rate, or {LEAST_MARGINAL:g} nat"
    value = f"{found.marginal:.2f} ± {found.marginal_error:.2f} nats"
    if found.saturated:
        note = "rate minus a mutual information that cannot be read: the classifier of codes decides"
        return Finding(
            "marginal KL", "prior misses", f"at most {value}", reference, "unread", note, None, found.marginal
        )
    least = found.marginal - 2 * found.marginal_error
    verdict: Verdict = "good"
    if found.marginal > LEAST_MARGINAL and share > GOOD_MARGINAL:
        verdict = "bad" if least > LEAST_MARGINAL and share > BAD_MARGINAL else "unsure"
    note = (
        ""
        if verdict == "good"
        else f"{100 * share:.0f} % of the rate is paid for codes where the prior is low"
    )
    advice = None if verdict == "good" else better_prior(patient)
    return Finding("marginal KL", "prior misses", value, reference, verdict, note, advice, found.marginal)


def _classifier(found: TwoSample, alone: bool, patient: Patient) -> Finding:
    verdict: Verdict = "good"
    if found.auc > GOOD_AUC:
        verdict = "bad" if found.auc - 2 * found.standard_error > BAD_AUC else "unsure"
    note = "samples start from codes unlike those the decoder was trained on" if verdict == "bad" else ""
    if not note and alone:
        note = "it stands in for the marginal KL, which cannot be read here"
    return Finding(
        "codes against prior",
        "prior misses",
        f"AUC {found.auc:.3f} ± {found.standard_error:.3f}",
        f"at most {GOOD_AUC:g} (0.5: no difference)",
        verdict,
        note,
        None if verdict == "good" else better_prior(patient),
        found.auc,
    )


def better_prior(patient: Patient) -> Advice | None:
    """What brings p(z) nearer to q(z); None for discrete codes, for which no other prior is fitted."""
    if isinstance(patient.vae.posteriors[next(iter(patient.vae.latents.sites))], Discrete):
        return None
    commands = patient.commands
    if not isinstance(patient.vae.latents.top, GaussianMixturePrior):
        return Advice(
            "fit a mixture to the codes; the decoder stays as it is",
            commands.mixture(),
        )
    if "beta" in commands.recipe_options:
        beta = patient.options.get("beta")
        more = 2 * beta if isinstance(beta, float | int) and beta >= 1 else 1
        return Advice(
            "a mixture was fitted and does not suffice: a larger weight of the KL keeps codes nearer to the prior",
            commands.again(f"--beta {more:g}"),
        )
    return Advice(
        "a mixture was fitted and does not suffice: a larger weight of the KL keeps codes nearer to the prior",
        commands.anew("beta_vae", "--beta 2"),
    )
