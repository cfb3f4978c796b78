"""Objectives: an algebra of terms, each in nats per example."""

from vaekit.objectives.algebra import Losses, Objective, Term, Turn, Weighted
from vaekit.objectives.autoencoders import Sparsity, SquaredError
from vaekit.objectives.bounds import IWAE, Renyi, iwae_bound, renyi_bound
from vaekit.objectives.codes import CodebookLoss, Commitment, FitCodes
from vaekit.objectives.kernels import imq, rbf, two_sample_mmd
from vaekit.objectives.layerwise import Layerwise
from vaekit.objectives.mmd import MMD
from vaekit.objectives.paths import DReG, path_log_q
from vaekit.objectives.players import PerPlayer
from vaekit.objectives.schedules import Constant, Cyclical, Linear, Schedule
from vaekit.objectives.terms import KL, NLL
from vaekit.objectives.turns import Corrupted, During, corruption_of, played

__all__ = [
    "IWAE",
    "KL",
    "MMD",
    "NLL",
    "CodebookLoss",
    "Commitment",
    "Constant",
    "Corrupted",
    "Cyclical",
    "DReG",
    "During",
    "FitCodes",
    "Layerwise",
    "Linear",
    "Losses",
    "Objective",
    "PerPlayer",
    "Renyi",
    "Schedule",
    "Sparsity",
    "SquaredError",
    "Term",
    "Turn",
    "Weighted",
    "corruption_of",
    "imq",
    "iwae_bound",
    "path_log_q",
    "played",
    "rbf",
    "renyi_bound",
    "two_sample_mmd",
]
