"""Objectives: an algebra of terms, each in nats per example."""

from vaekit.objectives.algebra import Losses, Objective, Term, Turn, Weighted
from vaekit.objectives.bounds import IWAE, iwae_bound
from vaekit.objectives.schedules import Constant, Cyclical, Linear, Schedule
from vaekit.objectives.terms import KL, NLL

__all__ = [
    "IWAE",
    "KL",
    "NLL",
    "Constant",
    "Cyclical",
    "Linear",
    "Losses",
    "Objective",
    "Schedule",
    "Term",
    "Turn",
    "Weighted",
    "iwae_bound",
]
