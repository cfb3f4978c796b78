"""From sections to one HTML file that needs nothing else."""

from collections.abc import Callable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from vaekit.report.page import facts, measured, shown
from vaekit.report.page.blocks import Section
from vaekit.report.page.subject import Subject

NOTICE = "This page may hold pictures from the data: look before you share it."
SECTIONS: Sequence[Callable[[Subject], Section]] = (
    facts.headline,
    facts.model,
    measured.training,
    shown.sampled,
    shown.reconstructed,
    shown.interpolated,
    shown.traversed,
    measured.latent_map,
    shown.neighbours,
    measured.spectrum,
    measured.rates,
    facts.doctor,
    facts.figures,
    facts.repeat,
)
"""In the order of the page."""


def environment() -> Environment:
    """The templates; whatever is no markup is escaped."""
    return Environment(
        loader=PackageLoader("vaekit.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def sections_of(subject: Subject) -> list[Section]:
    """Every section of a run.

    Args:
        subject: the run.
    """
    subject.vae.eval()
    return [section(subject) for section in SECTIONS]


def page(subject: Subject) -> str:
    """The page of one run.

    Args:
        subject: the run.

    Returns:
        HTML that opens from disk and asks nothing of the network.
    """
    template = environment().get_template("page.html.j2")
    return template.render(
        title=f"{subject.name} · vaekit", heading=subject.name, sections=sections_of(subject), notice=NOTICE
    )
