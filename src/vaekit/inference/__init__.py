"""Inference by Monte Carlo: Hamiltonian chains, what their draws are worth, and toys to try them on."""

from vaekit.inference.effective import effective_sample_size, monte_carlo_error
from vaekit.inference.hmc import HMC, Chains, LogDensity, hmc, leapfrog, proposal
from vaekit.inference.toys import TOYS, Toy, banana, gaussian, ring, toy, two_moons

__all__ = [
    "HMC",
    "TOYS",
    "Chains",
    "LogDensity",
    "Toy",
    "banana",
    "effective_sample_size",
    "gaussian",
    "hmc",
    "leapfrog",
    "monte_carlo_error",
    "proposal",
    "ring",
    "toy",
    "two_moons",
]
