"""Objectives: an algebra of terms, each in nats per example."""

from vaekit.objectives.algebra import Losses, Objective, Term, Turn, Weighted
from vaekit.objectives.autoencoders import Sparsity, SquaredError
from vaekit.objectives.bounds import IWAE, Renyi, iwae_bound, renyi_bound
from vaekit.objectives.capacity import Capacity
from vaekit.objectives.codes import CodebookLoss, Commitment
from vaekit.objectives.covariance import CovariancePenalty
from vaekit.objectives.decomposition import DecomposedKL, Decomposition, decomposed, log_aggregate
from vaekit.objectives.exemplars import LeaveOneOutKL
from vaekit.objectives.fit_prior import FitPrior
from vaekit.objectives.hidden import Hidden, Hide
from vaekit.objectives.joint_kernels import joint_imq, joint_rbf
from vaekit.objectives.kernels import imq, rbf, two_sample_mmd
from vaekit.objectives.layerwise import Layerwise
from vaekit.objectives.mmd import MMD
from vaekit.objectives.paths import DReG, path_log_q
from vaekit.objectives.perception import Dissimilarity, FeatureError
from vaekit.objectives.players import PerPlayer
from vaekit.objectives.relax import RELAX
from vaekit.objectives.schedules import Constant, Cyclical, Linear, Schedule
from vaekit.objectives.score import VIMCO, ScoreELBO
from vaekit.objectives.semi_supervised import SemiSupervised, class_probabilities
from vaekit.objectives.sliced import SlicedWasserstein
from vaekit.objectives.terms import KL, NLL
from vaekit.objectives.turns import Corrupted, During, corruption_of, played

__all__ = [
    "IWAE",
    "KL",
    "MMD",
    "NLL",
    "RELAX",
    "VIMCO",
    "Capacity",
    "CodebookLoss",
    "Commitment",
    "Constant",
    "Corrupted",
    "CovariancePenalty",
    "Cyclical",
    "DReG",
    "DecomposedKL",
    "Decomposition",
    "Dissimilarity",
    "During",
    "FeatureError",
    "FitPrior",
    "Hidden",
    "Hide",
    "Layerwise",
    "LeaveOneOutKL",
    "Linear",
    "Losses",
    "Objective",
    "PerPlayer",
    "Renyi",
    "Schedule",
    "ScoreELBO",
    "SemiSupervised",
    "SlicedWasserstein",
    "Sparsity",
    "SquaredError",
    "Term",
    "Turn",
    "Weighted",
    "class_probabilities",
    "corruption_of",
    "decomposed",
    "imq",
    "iwae_bound",
    "joint_imq",
    "joint_rbf",
    "log_aggregate",
    "path_log_q",
    "played",
    "rbf",
    "renyi_bound",
    "two_sample_mmd",
]
