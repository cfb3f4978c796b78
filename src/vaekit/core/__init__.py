"""Sites, traces, the abstract parts of a model, and the one top-down walk that everything shares.

Shapes follow torch: (*S, B, *E) with S the sample shape (Monte Carlo), B the batch and E one event.
"""

from vaekit.core.capabilities import (
    Adaptive,
    Bounded,
    Deterministic,
    Discrete,
    Energy,
    Implicit,
    Learner,
    Point,
    Sequential,
    Solvable,
    Tempered,
)
from vaekit.core.conditioning import Conditioning
from vaekit.core.parts import Choose, Generative, Latents, Likelihood, Measure, Posterior, Prior
from vaekit.core.refinement import Bound, Refinement
from vaekit.core.trace import Site, Trace
from vaekit.core.vae import VAE

__all__ = [
    "VAE",
    "Adaptive",
    "Bound",
    "Bounded",
    "Choose",
    "Conditioning",
    "Deterministic",
    "Discrete",
    "Energy",
    "Generative",
    "Implicit",
    "Latents",
    "Learner",
    "Likelihood",
    "Measure",
    "Point",
    "Posterior",
    "Prior",
    "Refinement",
    "Sequential",
    "Site",
    "Solvable",
    "Tempered",
    "Trace",
]
