"""C11: annealed importance sampling brackets log p(x) of linear models, on which it is known."""

from jaxtyping import Float
from torch import Tensor

from vaekit.evaluation.annealed import bracket, simulated
from vaekit.evaluation.annealing import Annealing
from vaekit.ppca import fit_ppca
from vaekit.spec import DataSpec
from vaekit.verification.c6_importance import spoil
from vaekit.verification.check import STANDARD_ERRORS, Check, estimate, standard_error
from vaekit.verification.linear import SPECTRUM, gaussian_data, optimal_linear_vae

GATE = "C11"
LATENTS, EXAMPLES = 3, 100
WIDEST = 0.1
OPTIONS = Annealing(chains=16, temperatures=20, steps=4)


def checks() -> list[Check]:
    """Run the row: Wu et al. 2017, https://arxiv.org/abs/1611.04273; Grosse et al. 2015.

    The posterior is that of C6, shifted and widened: the bounds' first temperature is not the last one.
    """
    solution = fit_ppca(gaussian_data(400), LATENTS)
    vae = optimal_linear_vae(solution)
    spoil(vae)
    found = bracket(vae, DataSpec((len(SPECTRUM),), None), EXAMPLES, OPTIONS)
    _, x, _ = simulated(vae, EXAMPLES, seed=0)
    evidence = solution.log_evidence(x)
    forward, reverse = (found.forward - evidence).exp(), (found.reverse + evidence).exp()
    return [
        estimate(GATE, "the forward weights' mean is p(x): E w/p(x)", 1.0, forward.mean(0)),
        estimate(GATE, "the reverse weights' mean is 1/p(x): E w p(x)", 1.0, reverse.mean(0)),
        _not_below("log p(x) - AIS", evidence - found.lower),
        _not_below("reverse AIS - log p(x)", found.upper - evidence),
        Check(GATE, "reverse AIS - AIS", WIDEST, found.gap.mean().item(), 0.0, "nats", "at_most"),
    ]


def _not_below(statement: str, differences: Float[Tensor, " N"]) -> Check:
    """A difference that is at least 0 on average, to 4.5 standard errors."""
    error = standard_error(differences)
    text = f"{statement} is not below 0 (4.5 s.e.; s.e. {error:.2g})"
    mean = differences.double().mean().item()
    return Check(GATE, text, 0.0, mean, STANDARD_ERRORS * error, "nats", "at_least")
