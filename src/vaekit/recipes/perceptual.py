"""VAEs that compare reconstructions as eyes or networks do. Their errors are energies: none has a likelihood of x."""

from typing import TYPE_CHECKING

from vaekit.errors import UserError
from vaekit.recipes.options import Architecture, Networks, PriorName
from vaekit.spec import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

    from vaekit.core import VAE
    from vaekit.recipes.recipe import Recipe

RANDOM = "random"
NOTE = (
    "its error is no likelihood of x: there is no ELBO in nats, and nothing to compare with other models but "
    "reconstructions and samples"
)


def ms_ssim_vae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    window: int = 11,
    weight: float | None = None,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The VAE whose reconstructions are judged by their structure: 1 − MS-SSIM in place of a likelihood.

    Minimises E_q[w (1 − MS-SSIM(x, x̂(z)))] + KL(q(z|x) ‖ N(0, I)).

    Args:
        spec: of the data; images.
        networks: networks and latents.
        window: odd side of the window; the published 11 needs images of 11 pixels, and halves them while it can.
        weight: w, nats for a reconstruction that has nothing of the image; default: one for each value.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Snell et al. 2017, Learning to generate images with perceptual similarity metrics,
    https://arxiv.org/abs/1511.06409, section 3; MS-SSIM: Wang et al. 2003,
    https://doi.org/10.1109/ACSSC.2003.1292216, equation 7
    """
    from vaekit.likelihoods import Reconstruction
    from vaekit.objectives import KL, Dissimilarity
    from vaekit.objectives.similarity import scales_of
    from vaekit.recipes.compose import compose, squash_for
    from vaekit.recipes.recipe import Recipe

    if not spec.is_image:
        raise UserError("structure is that of images, and these examples are vectors: use --recipe vae")
    nats = _weight(weight, spec)
    model = compose(spec, _shared(networks), likelihood=Reconstruction(spec.shape, squash_for(spec)))
    if scales_of(spec.shape[1], spec.shape[2], window) == 0:
        raise UserError(
            f"a window of {window} pixels does not fit into images of {spec.shape[1]}×{spec.shape[2]}: use --window "
            "with a smaller odd number, or --recipe vae"
        )
    return Recipe(model, (nats * Dissimilarity(window) + KL(),), prior=prior, notes=(NOTE,))


def dfc_vae(
    spec: DataSpec,
    networks: Networks = Networks(),  # noqa: B008 (frozen)
    *,
    features: str = RANDOM,
    weight: float | None = None,
    prior: PriorName = "gmm",
) -> "Recipe":
    """The deep feature consistent VAE: x and x̂ are compared by what a trained network makes of them.

    Minimises E_q[w Σ_l ‖φ_l(x) − φ_l(x̂(z))‖² / 2n_l] + KL(q(z|x) ‖ N(0, I)), φ_l the l-th map of the network, n_l its
    size.

    Args:
        spec: of the data.
        networks: networks and latents.
        features: the network: a file that vaekit features wrote; module:PACKAGE.MODULE:FUNCTION, which builds one of
            your own that returns a tensor or several; or random, one that was never trained.
        weight: w, of the errors of features; default: one for each value of x.
        prior: fitted to the aggregate posterior when training ends; standard leaves N(0, I).

    Source: Hou et al. 2017, Deep feature consistent variational autoencoder, https://arxiv.org/abs/1610.00291,
    equations 2 and 3; left out: its VGG-19. Random: He et al. 2016, https://arxiv.org/abs/1606.04801
    """
    from vaekit.likelihoods import Reconstruction
    from vaekit.nets.extractor import Extractor
    from vaekit.nets.frozen import Frozen
    from vaekit.nets.own import network_from
    from vaekit.noise import torch_seeded
    from vaekit.objectives import KL, FeatureError
    from vaekit.recipes.compose import compose, squash_for
    from vaekit.recipes.recipe import Recipe

    nats = _weight(weight, spec)
    own = features.startswith("module:")
    with torch_seeded(0):
        view = Frozen(network_from(features.removeprefix("module:")) if own else Extractor(spec.shape))
    model = compose(spec, _shared(networks), likelihood=Reconstruction(spec.shape, squash_for(spec), view))

    def look(model: "VAE", x: "Tensor") -> None:
        _fill(model, x, features)

    untrained = "the features are those of a network that was never trained: vaekit features DATA trains one"
    return Recipe(
        model,
        (nats * FeatureError() + KL(),),
        prior=prior,
        initialise=None if own else look,
        notes=(NOTE, untrained) if features == RANDOM else (NOTE,),
    )


def _fill(model: "VAE", x: "Tensor", features: str) -> None:
    """Put the trained numbers into the network that the model looks through; a model file then holds them, too.

    Raises:
        UserError: if the file is missing, damaged, or of other examples.
    """
    from pathlib import Path

    from vaekit.likelihoods import Reconstruction
    from vaekit.nets.extractor import FORMAT, Extractor
    from vaekit.tensors import read_tensors

    view = model.likelihood.view if isinstance(model.likelihood, Reconstruction) else None
    if view is None or not isinstance(view.network, Extractor):
        return
    if features == RANDOM:
        view.network.standardise(x)
        return
    path = Path(features).expanduser()
    if not path.is_file():
        raise UserError(f"there is no file of features {features}; to make one: vaekit features DATA")
    tensors, facts = read_tensors(path)
    if facts.get("format") != FORMAT:
        raise UserError(
            f"{features} is no feature space of this version of vaekit; to make one: vaekit features DATA"
        )
    if facts.get("shape") != list(x.shape[1:]):
        raise UserError(
            f"{features} takes examples of shape {facts.get('shape')}, these have {list(x.shape[1:])}: make features "
            "of these data by vaekit features DATA"
        )
    view.network.load_state_dict(tensors)


def _weight(weight: float | None, spec: DataSpec) -> float:
    found = float(spec.dimensions) if weight is None else weight
    if not found > 0:
        raise UserError(f"the weight of the error must be positive, got {found}")
    return found


def _shared(networks: Networks) -> Architecture:
    return Architecture(networks.net, networks.size, networks.hidden, networks.activation, networks.latents)
