"""Evaluation: bounds of the evidence and how close reconstructions come; nothing here changes a model."""

from vaekit.evaluation.bounds import Bound, bounds
from vaekit.evaluation.report import Evaluation, Figure
from vaekit.evaluation.rescore import with_solved_sigma
from vaekit.evaluation.statistic import mean_statistic
from vaekit.evaluation.suite.measure import evaluate

__all__ = ["Bound", "Evaluation", "Figure", "bounds", "evaluate", "mean_statistic", "with_solved_sigma"]
