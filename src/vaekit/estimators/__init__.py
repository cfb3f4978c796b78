"""Gradients of expectations over discrete and continuous latents: pure functions on tensors."""

from vaekit.estimators.gumbel import concrete_log_density, gumbel_noise, gumbel_softmax
from vaekit.estimators.relax import relax_gradient, relaxed_given, relaxed_of
from vaekit.estimators.score import leave_one_out, score_function
from vaekit.estimators.straight import straight_through
from vaekit.estimators.variance import GradientVariance, gradient_variance
from vaekit.estimators.vimco import vimco, without_each

__all__ = [
    "GradientVariance",
    "concrete_log_density",
    "gradient_variance",
    "gumbel_noise",
    "gumbel_softmax",
    "leave_one_out",
    "relax_gradient",
    "relaxed_given",
    "relaxed_of",
    "score_function",
    "straight_through",
    "vimco",
    "without_each",
]
