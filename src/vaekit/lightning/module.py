"""A recipe as a LightningModule: the steps of vaekit's own loop, taken by Lightning's Trainer."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LambdaLR

from vaekit.core import VAE, Solvable
from vaekit.data.batches import Examples
from vaekit.errors import UserError, nearest
from vaekit.evaluation import mean_statistic
from vaekit.lightning.data import DataHooks
from vaekit.noise import Noise, cut
from vaekit.objectives import During, Turn
from vaekit.recipes.recipe import FOR_START
from vaekit.recipes.table import parameters_of
from vaekit.training.config import config_from
from vaekit.training.fit_prior import fit_prior
from vaekit.training.gradients import differentiate
from vaekit.training.model_file import FORMAT, read_facts, save_model
from vaekit.training.options import TrainingOptions
from vaekit.training.passes import Pass
from vaekit.training.players import build_optimiser, chosen, learning_rate, parameters_of_players
from vaekit.training.scoring import loss_at_the_end
from vaekit.training.speed import Speed
from vaekit.training.step import LOG, LOSS, Step

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule as Base
else:
    # The two packages that are Lightning have a base class each; `modern` and `classic` add theirs.
    Base = object

M = TypeVar("M", bound="ModuleHooks")

OWN = ("lr", "decay", "lr_warmup", "weight_decay", "clip", "precision", "shards")
"""The training options that are the module's; the others are the data module's or the Trainer's."""
RUNNING = "vaekit_running"
"""Where a checkpoint keeps the running σ² that training goes on with."""


class ModuleHooks(Base):
    """Trains a recipe with Lightning's Trainer to the weights that vaekit's own loop gives on one device.

    Use `from_recipe`; the constructor takes plain values, so that a checkpoint needs no pickled classes.
    Logged, in nats per example: `train_*`, `validation_nll`, `_kl`, `_elbo` and, where σ² is solved,
    `_sigma2`; `test_nll`, `_kl`, `_elbo`. All are means over an epoch or a split, in the likelihood's own measure.

    Args:
        recipe: its name.
        spec: shape, levels and variance of the data.
        options: of the recipe, complete.
        training: the options named in `OWN`.
        seed: of the initial weights.
    """

    def __init__(
        self,
        recipe: str,
        spec: Mapping[str, object],
        options: Mapping[str, object],
        training: Mapping[str, object],
        seed: int = 0,
    ) -> None:
        super().__init__()
        stored: dict[str, object] = {"recipe": recipe, "spec": dict(spec), "options": dict(options)}
        self.save_hyperparameters({**stored, "training": dict(training), "seed": seed})
        self.automatic_optimization = False  # players of a turn step together; and one way is enough
        self.facts = read_facts(Path("the checkpoint"), {"format": FORMAT, **stored})
        self.choices = TrainingOptions(**training)  # pyright: ignore[reportArgumentType]
        self.recipe = self.facts.build(seed)
        self.optimiser = chosen(self.recipe.optimiser, self.choices)
        self.step = Step(self.recipe.model, self.recipe.turns)
        self.vae.in_training = Pass(Speed(self.choices.precision or "float32"))
        self.players = parameters_of_players(self.vae, self.recipe.turns)
        self._running: dict[str, Tensor] = {}

    @classmethod
    def from_recipe(cls: type[M], recipe: str, data: DataHooks, **options: object) -> M:
        """Build a module for a data set.

        Args:
            recipe: its name, as in `vaekit recipes`.
            data: its spec shapes the networks, its seed draws the initial weights.
            options: those of the recipe, and `OWN`.

        Raises:
            UserError: for an unknown recipe, or an option that is unknown or not the module's.
        """
        known = [*parameters_of(recipe), *OWN]
        if foreign := [name for name in options if name not in known]:
            raise UserError(
                f"the module of recipe {recipe} has no option {foreign[0]}; {nearest(foreign[0], known)}; batch "
                "size and seed are given to VAEDataModule, epochs and the device to Lightning's Trainer"
            )
        config = config_from({"data": "", "recipe": recipe, **options}, "the call")
        spec = data.data.spec
        module = cls(
            recipe,
            {"shape": list(spec.shape), "levels": spec.levels, "variance": spec.variance},
            {name: list(v) if isinstance(v, tuple) else v for name, v in config.options.items()},
            {name: value for name, value in asdict(config.training).items() if name in OWN},
            data.seed,
        )
        if module.recipe.closed_form is not None:
            raise UserError(f"recipe {recipe} is solved in closed form, without a Trainer: use vaekit.train")
        if any(isinstance(turn, During) for turn in module.recipe.turns):
            raise UserError(
                f"recipe {recipe} trains in parts, one after the other, which Lightning's schedules do not know: "
                "use vaekit.train"
            )
        return module

    @property
    def vae(self) -> VAE:
        """The model."""
        return self.step.vae

    def setup(self, stage: str) -> None:
        """Check that the Trainer leaves the numbers alone.

        Raises:
            UserError: for several devices, a precision of the Trainer's own, no `VAEDataModule` or other data.
        """
        if self.trainer.world_size > 1:
            raise UserError(f"vaekit trains on one device, not {self.trainer.world_size}: Trainer(devices=1)")
        if self.trainer.precision != "32-true":
            raise UserError(
                f"Trainer(precision={self.trainer.precision!r}) would round densities too: leave it out and "
                'give VAEModule.from_recipe precision="bfloat16", which is for the networks alone'
            )
        data = self._data.data
        data.spec.check_fits(self.facts.spec, data.name, "the module was built for")

    @property
    def _data(self) -> DataHooks:
        data: object = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, DataHooks):
            raise UserError("the module reads a VAEDataModule only: trainer.fit(module, datamodule=…)")
        return data

    def _examples(self, split: str) -> Examples:
        return self._data.examples(split, self.device)

    def _steps(self) -> int:
        """Steps of the whole training, which schedules are fractions of."""
        trainer = self.trainer
        moves = sum(len(turn.players) for turn in self.recipe.turns)  # Lightning counts each as a step
        bounds = [] if trainer.max_steps < 0 else [trainer.max_steps // moves]
        if trainer.max_epochs is not None and trainer.max_epochs >= 0:
            bounds.append(trainer.max_epochs * int(trainer.num_training_batches))
        if not bounds:
            raise UserError("schedules need to know how long training takes: Trainer(max_epochs=…)")
        return max(1, min(bounds))

    def configure_optimizers(self) -> Any:
        """An optimiser for each player; its learning rate is the same function of progress as in vaekit's loop."""
        _ = self.trainer.estimated_stepping_batches  # makes the Trainer count its batches
        total, epoch = self._steps(), int(self.trainer.num_training_batches)

        def factor(step: int) -> float:
            return learning_rate(self.optimiser, step / total, step // epoch) / self.optimiser.lr

        optimisers = {name: build_optimiser(self.optimiser, own) for name, own in self.players.items()}
        return [
            {
                "optimizer": optimiser,
                "lr_scheduler": {
                    "scheduler": LambdaLR(optimiser, factor),
                    "interval": "step",
                    "name": f"lr-{name}",
                },
            }
            for name, optimiser in optimisers.items()
        ]

    def on_fit_start(self) -> None:
        """Start what a recipe starts from data, a codebook for instance, unless a checkpoint is gone on with."""
        if self.recipe.initialise is not None and self.trainer.ckpt_path is None and self.global_step == 0:
            self.recipe.initialise(self.vae, self._examples("train").first(FOR_START))

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Put the running σ² back that a validation set aside; callbacks had their time to save the solved one."""
        self._restore()

    def training_step(self, batch: Int[Tensor, " B"], batch_idx: int) -> None:
        """Take every turn of one step."""
        step = self.current_epoch * int(self.trainer.num_training_batches) + batch_idx
        examples = self._examples("train")
        noise = Noise(examples.seed, (step,), cut(len(batch), self.choices.shards))
        x = examples.augmented(batch, noise)
        progress = torch.full((), step / self._steps(), device=x.device)
        scalars: dict[str, Tensor] = {}
        for index, turn in enumerate(self.recipe.turns):
            out: dict[str, Tensor] = self.step(x, noise, progress, index)
            self._move(turn, {player: out[LOSS + player] for player in turn.players})
            scalars |= {name.removeprefix(LOG): v for name, v in out.items() if name.startswith(LOG)}
            self.step.observe(out)
        for scheduler in _listed(self.lr_schedulers()):
            scheduler.step()
        named = {f"train_{name}": value for name, value in scalars.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=len(batch))

    def _move(self, turn: Turn, losses: Mapping[str, Tensor]) -> None:
        optimisers = dict(zip(self.players, _listed(self.optimizers()), strict=True))
        differentiate(turn, losses, self.players, self.manual_backward)
        for player in turn.players:
            if self.choices.clip > 0:
                clip_grad_norm_(self.players[player], self.choices.clip)
            optimisers[player].step()

    def on_validation_epoch_start(self) -> None:
        """While fitting, solve σ² on validation, once the running one is set aside."""
        likelihood = self.vae.likelihood
        if (
            not isinstance(likelihood, Solvable)
            or self.trainer.state.fn != "fit"
            or self.trainer.sanity_checking
        ):
            return
        if not self._running:
            self._running = {name: buffer.clone() for name, buffer in likelihood.named_buffers()}
        likelihood.solve(mean_statistic(self.vae, self._examples("validation")))

    def on_validation_epoch_end(self) -> None:
        """Log what was solved."""
        for part in self.step.adaptive.values():
            self.log_dict({f"validation_{name}": value for name, value in part.solved().items()})

    def validation_step(self, batch: slice, batch_idx: int) -> None:
        """Score a part of the validation split."""
        self._score("validation", batch)

    def test_step(self, batch: slice, batch_idx: int) -> None:
        """Score a part of the test split with σ² as it is."""
        self._score("test", batch)

    def predict_step(self, batch: slice, batch_idx: int) -> tuple[Float[Tensor, "B d"], Float[Tensor, "B d"]]:
        """Codes: mean and standard deviation of q(z|x) of the top site."""
        examples = self._examples(self._data.predicted)
        q = self.vae.encode(examples.gather(batch, examples.noise(batch, 0)))
        return q.mean, q.stddev

    def _score(self, split: str, where: slice) -> None:
        examples = self._examples(split)
        noise = examples.noise(where, 0)
        x = examples.gather(where, noise)
        if self.vae.lacks_evidence:
            loss = loss_at_the_end(self.vae, self.recipe.turns, x, noise)
            self.log_dict(
                {f"{split}_loss": loss}, on_step=False, on_epoch=True, batch_size=len(x), prog_bar=True
            )
            return
        trace = self.vae.trace(x, (1,), noise=noise)
        nll, kl = -trace.log_likelihood.mean(), trace.kl().mean()
        figures = {f"{split}_nll": nll, f"{split}_kl": kl, f"{split}_elbo": -nll - kl}
        self.log_dict(figures, on_step=False, on_epoch=True, batch_size=len(x), prog_bar=True)

    def _restore(self) -> None:
        with torch.no_grad():
            for name, buffer in self.vae.likelihood.named_buffers():
                if name in self._running:
                    buffer.copy_(self._running[name])
        self._running = {}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Beside the solved σ², which is the model's, keep the running one, which training goes on with."""
        checkpoint[RUNNING] = self._running

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the running σ² aside until training goes on."""
        self._running = dict(checkpoint.get(RUNNING, {}))

    def export(self, path: Path | str, data: DataHooks | None = None) -> None:
        """Write vaekit's model file, which `vaekit.training.model_file.load_model` reads.

        Args:
            path: of the file, model.safetensors for instance.
            data: where given, the recipe's prior is fitted to its codes, as `vaekit train` does at the end.
        """
        vae = self.vae
        if data is not None and self.recipe.prior not in ("standard", "none", "uniform"):
            train, validation = (data.examples(split, vae.device) for split in ("train", "validation"))
            vae, _ = fit_prior(vae, train, validation, self.recipe.prior, data.seed, self.recipe.prior_epochs)
        save_model(Path(path), vae, self.facts)


def _listed(one_or_many: Any) -> list[Any]:
    if one_or_many is None:
        return []
    return list(one_or_many) if isinstance(one_or_many, list | tuple) else [one_or_many]
