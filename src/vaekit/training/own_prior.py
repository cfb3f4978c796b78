"""The prior that a finished model was trained with."""

from vaekit.core import Prior
from vaekit.errors import UserError
from vaekit.training.model_file import load_model
from vaekit.training.opened import Run


def own_prior(run: Run) -> Prior:
    """The prior that a run was trained with, whatever was fitted since.

    One that learned nothing in training is built anew; one that did is in the checkpoint of the best validation.

    Raises:
        UserError: if it learned, another one was fitted since, and that checkpoint is gone.
    """
    built = run.facts.build().model.latents.top
    if not built.state_dict():
        return built
    if run.folder.best.is_file():
        return load_model(run.folder.best)[0].latents.top
    if type(run.vae.latents.top) is type(built):
        return run.vae.latents.top
    raise UserError(
        f"the {type(built).__name__} that {run.folder.path} was trained with was replaced by a fitted one, and its "
        "checkpoint is gone: train again to compare with it"
    )
