"""Disentanglement: how well single latent dimensions and known factors of variation correspond."""

from vaekit.evaluation.factors.dci import DCI, dci
from vaekit.evaluation.factors.every import Disentanglement, disentanglement
from vaekit.evaluation.factors.factor_vae import factor_vae_score
from vaekit.evaluation.factors.mig import mig
from vaekit.evaluation.factors.modularity import explicitness, modularity
from vaekit.evaluation.factors.sap import sap
from vaekit.evaluation.factors.score import Score

__all__ = [
    "DCI",
    "Disentanglement",
    "Score",
    "dci",
    "disentanglement",
    "explicitness",
    "factor_vae_score",
    "mig",
    "modularity",
    "sap",
]
