"""How the latent space is used, and what can be read off the codes."""

import math
from typing import final

from vaekit.errors import UserError
from vaekit.evaluation.active_units import THRESHOLD
from vaekit.evaluation.latent_use import DEAD, SiteUse, latent_use, spaced
from vaekit.evaluation.probes import (
    MOST_TRAINED,
    Probe,
    attribute_probes,
    linear_accuracy,
    neighbour_accuracy,
)
from vaekit.evaluation.report import Figure
from vaekit.evaluation.suite.encoding import MOST_NUMBERS, code_table
from vaekit.evaluation.suite.group import Fact, Group, Progress, Result
from vaekit.evaluation.suite.journal import Chunks
from vaekit.evaluation.suite.subject import Subject
from vaekit.metrics import Measuring

LOOKED_AT = 2000
"""Examples whose posteriors are looked at."""
LABELLED = 10_000
"""Most examples of the split whose labels are guessed."""


@final
class Latents(Group):
    """Active units and the rate of each dimension; what a linear probe and the nearest codes say of the label."""

    def lacks(self, subject: Subject, settings: Measuring) -> str | None:
        """Two examples, to differ."""
        return None if len(subject.examples) > 1 else "codes are compared, and there is only one example"

    def depends_on(self, subject: Subject, settings: Measuring) -> tuple[Fact, ...]:
        """Nothing but the model and its data."""
        return ()

    def measure(self, subject: Subject, settings: Measuring, chunks: Chunks, progress: Progress) -> Result:
        """Look at posteriors, then at labels."""
        vae, figures = subject.vae, list[Figure]()
        notes: list[str] = []
        if vae.lacks_evidence is not None:
            notes.append(f"no active units and no KL: {vae.lacks_evidence}")
        elif vae.deterministic:
            notes.append("no active units and no KL per dimension: latents are codes of a codebook")
        else:
            uses = latent_use(vae, spaced(subject.examples, LOOKED_AT), subject.seed)
            for use in uses:
                figures += _use_figures(use, f", {use.site}" if len(uses) > 1 else "")
        progress(0.3)
        found, why = _probes(subject)
        return Result((*figures, *map(_probe_figure, found)), (*notes, *([why] if why else [])))


def _probes(subject: Subject) -> tuple[tuple[Probe, ...], str]:
    """What simple maps find in the codes, and why there are none of them."""
    train, test = subject.held("train"), subject.held(subject.split)
    if train is None or test is None or (train.labels is None and train.attributes is None):
        return (), ""
    if subject.split == "train":
        return (), "no probes: they are fitted on the training split, and say nothing of it"
    old, places = code_table(subject.vae, subject.of("train"), MOST_TRAINED)
    new, others = code_table(subject.vae, subject.examples, LABELLED)
    if old.shape[1] > MOST_NUMBERS:
        return (), f"no probes: a code of {old.shape[1]} numbers is too long for them"
    try:
        if train.labels is not None and test.labels is not None:
            labelled = (old, train.labels[places], new, test.labels[others], subject.seed)
            return (linear_accuracy(*labelled), neighbour_accuracy(*labelled)), ""
        if train.attributes is not None and test.attributes is not None:
            answered = (old, train.attributes[places], new, test.attributes[others], subject.seed)
            return attribute_probes(*answered), ""
    except UserError as error:
        return (), f"no probes: {error}"
    return (), ""


def _probe_figure(probe: Probe) -> Figure:
    reference = f"codes that say nothing: {probe.floor:.4f}"
    return Figure(probe.name, probe.value, probe.standard_error, "", "of means of q(z|x)", "", "", reference)


def _use_figures(use: SiteUse, site: str) -> list[Figure]:
    ordered = use.rate.double().sort(descending=True).values
    count = len(ordered)
    kl = f"of {count} dimensions, against N(0, 1) where p(z) does not factorise"
    return [
        Figure(
            f"active units{site}",
            float(use.active),
            math.nan,
            "",
            f"of {count}, Var_x E_q[z_j|x] > {THRESHOLD}",
        ),
        Figure(
            f"dead units{site}", float(use.dead), math.nan, "", f"of {count}, E KL(q_j‖p_j) < {DEAD} nats"
        ),
        Figure(f"largest KL{site}", ordered[0].item(), math.nan, "nats", kl),
        Figure(f"median KL{site}", ordered.median().item(), math.nan, "nats", kl),
    ]


GROUP = Latents()
