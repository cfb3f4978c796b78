"""The whole of a variational autoencoder, and the one top-down walk that everything shares."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn import Module, ModuleDict

from vaekit.core.capabilities import Adaptive, Bounded, Deterministic, Energy, Point
from vaekit.core.conditioning import Conditioning
from vaekit.core.parts import Choose, Generative, Latents, Likelihood, Posterior
from vaekit.core.refinement import Refinement
from vaekit.core.trace import Site, Trace
from vaekit.distributions import tempered
from vaekit.errors import CapabilityError, UserError
from vaekit.noise import Noise, draw
from vaekit.shapes import over_batch
from vaekit.told import context_of, plain


@final
class VAE(Module):
    """A latent-variable model p(x, z) with its amortised posterior q(z | x).

    Args:
        encoder: maps (B, *E) to features (B, F), shared by the sites.
        posteriors: one per site.
        latents: the top-down order of the sites and their priors.
        decoder: maps (N, H) to the likelihood's parameters (N, K·C, H, W) or (N, K·D).
        likelihood: p(x | decoder output).
        shape: of one example, (C, H, W) or (D,).
        conditioning: how a condition c enters, in a model of p(x | c); None in one of p(x).
        refinement: what improves on the encoder's answer for each example, if anything.

    In training mode encoder and decoder are run by `in_training` where it is set, in lower precision for
    instance; densities, draws and everything in evaluation mode stay as they are.

    Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114, figure 1.

    Example:
        >>> from vaekit import DataSpec, build_recipe
        >>> vae = build_recipe("vae", DataSpec((1, 8, 8), levels=2), latents=2).model
        >>> trace = vae.trace(torch.zeros(5, 1, 8, 8), sample_shape=(3,))
        >>> trace.log_weight().shape
        torch.Size([3, 5])
        >>> vae.generate(4).mean.shape
        torch.Size([4, 1, 8, 8])
    """

    def __init__(
        self,
        encoder: Module,
        posteriors: Mapping[str, Posterior],
        latents: Latents,
        decoder: Module,
        likelihood: Likelihood,
        shape: Sequence[int],
        conditioning: Conditioning | None = None,
        refinement: Refinement | None = None,
    ) -> None:
        super().__init__()
        if set(posteriors) != set(latents.sites):
            raise UserError(f"posteriors for {sorted(posteriors)} do not match sites {sorted(latents.sites)}")
        self.encoder = encoder
        self.posteriors = ModuleDict(dict(posteriors))
        self.latents = latents
        self.decoder = decoder
        self.likelihood = likelihood
        self.shape = tuple(shape)
        self.conditioning = conditioning
        self.refinement = refinement
        self._told: Tensor | None = None
        self.in_training: Callable[[Module, Tensor], Tensor] | None = None

    @property
    def device(self) -> torch.device:
        """Where the model's tensors are."""
        return next(iter(self.state_dict().values())).device

    @property
    def adaptive(self) -> Mapping[str, Adaptive]:
        """The parts that are set between steps, by their names in the model."""
        return {name: module for name, module in self.named_modules() if isinstance(module, Adaptive)}

    @property
    def deterministic(self) -> bool:
        """Whether every draw from the posteriors is the same."""
        return all(isinstance(posterior, Deterministic) for posterior in self.posteriors.values())

    @property
    def lacks_evidence(self) -> str | None:
        """Why this model bounds no log p(x) of an example, as a sentence; None where it does."""
        if isinstance(self.latents, Generative) and self.latents.lacks_evidence:
            return self.latents.lacks_evidence
        if any(isinstance(posterior, Point) for posterior in self.posteriors.values()):
            return "the codes of an autoencoder are points, which have no density"
        if isinstance(self.likelihood, Energy):
            return "its reconstruction error is no normalised likelihood of x"
        if not isinstance(self.latents, Generative) and isinstance(self.latents.top, Bounded):
            return self.latents.top.lacks_density
        return None

    @property
    def context(self) -> Tensor | None:
        """The condition that `given` told, (B, C) or (1, C)."""
        return self._told

    def given(self, context: Tensor | None) -> "VAE":
        """The same model, parameters and all, with its condition told: p(x, z | c) and q(z | x, c).

        Examples that come with a condition of their own (`vaekit.told`) keep it.

        Args:
            context: c of each example that will be asked about, (B, C); or (1, C), the same for all. None changes
                nothing.

        Example:
            >>> from vaekit import DataSpec, build_recipe
            >>> from vaekit.spec import Condition
            >>> spec = DataSpec((6,), None, condition=Condition("labels", ("cat", "dog")))
            >>> dogs = build_recipe("vae", spec).model.given(torch.tensor([[0.0, 1.0]]))
            >>> dogs.trace(torch.zeros(5, 6)).log_weight().shape
            torch.Size([5])
        """
        if context is None:
            return self
        told = copy.copy(self)
        # Not registered as a buffer: this is no part of the model.
        told.__dict__["_told"] = context
        return told

    def _condition(self, context: Tensor | None, count: int) -> Tensor | None:
        """The condition of so many examples, (count, C): as passed, else as `given`."""
        context = self._told if context is None else context
        if self.conditioning is None:
            return context
        if context is None:
            raise CapabilityError(
                "this model was trained with a condition and was told none: vaekit sample and vaekit traverse take "
                "--given NAME, and Python vae.given(context)"
            )
        if context.shape != (count, self.conditioning.size) and context.shape != (1, self.conditioning.size):
            raise UserError(
                f"{count} examples of this model need conditions of shape {(count, self.conditioning.size)}, got "
                f"{tuple(context.shape)}"
            )
        return context.expand(count, -1)

    def condition_of(self, x: Tensor, context: Tensor | None = None) -> Tensor | None:
        """The condition of examples: as passed, else their own, which a model of p(x) ignores, else as `given`.

        Raises:
            CapabilityError: if a model of p(x | c) is told none.
            UserError: if it has another shape.
        """
        own = None if self.conditioning is None else context_of(x)
        return self._condition(own if context is None else context, x.shape[0])

    def walk(self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None) -> Distribution:
        """Pass once from the top site to x; `choose` decides every latent value.

        Args:
            choose: gives the value of each site: a draw from q, a draw from p, or a value passed in.
            batch_shape: (*S, B).
            context: the condition, (B, C), where the model was not told it by `given`.

        Returns:
            p(x | z) with batch shape (*S, B).
        """
        context = self._condition(context, batch_shape[-1])
        if isinstance(self.latents, Generative):
            return self.latents.to_data(choose, batch_shape, context)
        h = self.latents(choose, batch_shape, context)
        if self.conditioning is not None and context is not None:
            h = self.conditioning.decoded(h, context)
        return self.likelihood(self._through(self.decoder, h, event_ndim=1))

    def features(self, x: Float[Tensor, "B *E"], context: Tensor | None = None) -> Float[Tensor, "B F"]:
        """What the encoder says of x, refined where the model has a refinement; all posteriors see it."""
        features = self._through(self.encoder, plain(x), event_ndim=x.ndim - 1)
        context = self.condition_of(x, context)
        if self.conditioning is not None and context is not None:
            features = self.conditioning.encoded(features, context)
        return self._refined(x, features, context)

    def _refined(self, x: Tensor, features: Tensor, context: Tensor | None) -> Float[Tensor, "B F"]:
        if self.refinement is None:
            return features
        given = features if torch.is_grad_enabled() else features.detach()
        # Slopes are taken whatever mode the caller is in, and tensors made in inference mode have none.
        with torch.inference_mode(False), torch.enable_grad():
            x, given = (t.clone() if t.is_inference() else t for t in (x, given))

            def bound(seen: Tensor, noise: Noise) -> Tensor:
                trace = self.trace(x, (), context, noise, seen)
                return trace.log_likelihood - trace.kl()

            # Networks that are compiled for training have no slopes of slopes.
            in_training, self.in_training = self.in_training, None
            try:
                refined = self.refinement(bound, given)
            finally:
                self.in_training = in_training
        return refined if torch.is_grad_enabled() else refined.detach()

    def trace(
        self,
        x: Float[Tensor, "B *E"],
        sample_shape: Sequence[int] = (),
        context: Tensor | None = None,
        noise: Noise | None = None,
        features: Tensor | None = None,
    ) -> Trace:
        """Draw every site from q(z | x) and record what happened.

        Args:
            x: data, (B, *E).
            sample_shape: S; the trace then has (*S, B) draws.
            context: the condition, (B, C), where the model was not told it by `given`.
            noise: source of the draws; None takes torch's global generator.
            features: what `features` says of x, where it is known.
        """
        batch_shape = (*sample_shape, x.shape[0])
        context = self.condition_of(x, context)
        seen = self.features(x, context) if features is None else features
        sites: list[Site] = []
        source = noise or Noise.fresh(x.shape[0])
        likelihood = self.walk(self._drawn_from_q(seen, batch_shape, source, sites), batch_shape, context)
        return Trace(plain(x), tuple(sites), likelihood, source)

    def infer(
        self, x: Float[Tensor, "B *E"], context: Tensor | None = None, noise: Noise | None = None
    ) -> tuple[Site, ...]:
        """Draw every site from q(z | x), top first, and decode nothing.

        Args:
            x: data, (B, *E).
            context: the condition, (B, C), where the model was not told it by `given`.
            noise: source of the draws; None takes torch's global generator.
        """
        sites: list[Site] = []
        batch_shape = (x.shape[0],)
        context = self.condition_of(x, context)
        self.latents(
            self._drawn_from_q(self.features(x, context), batch_shape, noise, sites), batch_shape, context
        )
        return tuple(sites)

    def _drawn_from_q(
        self, features: Tensor, batch_shape: Sequence[int], noise: Noise | None, sites: list[Site]
    ) -> Choose:
        """What draws each site from its posterior, and notes it in `sites`."""
        source = noise or Noise.fresh(batch_shape[-1])

        def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
            posterior = cast(Distribution, self.posteriors[name](features, prior, state))
            z = draw(posterior, batch_shape, source, name)
            sites.append(Site(name, z, prior, posterior))
            return z

        return choose

    def _through(self, net: Module, h: Tensor, event_ndim: int) -> Tensor:
        if self.in_training is None or not self.training:
            return over_batch(net, h, event_ndim)
        return over_batch(partial(self.in_training, net), h, event_ndim)

    @torch.no_grad()
    def generate(
        self,
        n: int,
        given: Mapping[str, Tensor] | None = None,
        context: Tensor | None = None,
        temperature: float = 1.0,
        noise: Noise | None = None,
    ) -> Distribution:
        """Draw z from the prior, except at the sites given, and return p(x | z).

        Args:
            n: how many.
            given: values (n, *E_l) for some or all sites.
            context: the condition, (B, C), where the model was not told it by `given`.
            temperature: scales the prior's standard deviation where that is defined.
            noise: source of the draws; None takes torch's global generator.

        Raises:
            CapabilityError: if the prior has no temperature.
            UserError: if `given` names a site that the model lacks, or has another shape.
        """
        values = dict(given or {})
        if unknown := set(values) - set(self.latents.sites):
            raise UserError(f"no site {sorted(unknown)}; this model has {list(self.latents.sites)}")
        for name, value in values.items():
            if value.shape != (n, self.latents.sites[name]):
                raise UserError(
                    f"site {name} takes values of shape {(n, self.latents.sites[name])}, got {tuple(value.shape)}"
                )
        source = noise or Noise.fresh(n)
        if self.conditioning is not None and context is None and self._told is None:
            context = self.conditioning.drawn(n, source)

        def choose(name: str, prior: Distribution, _: Tensor | None) -> Tensor:
            if name in values:
                return values[name]
            return draw(tempered(prior, temperature), (n,), source, name)

        return self.walk(choose, (n,), context)

    @torch.no_grad()
    def encode(self, x: Float[Tensor, "B *E"], context: Tensor | None = None) -> Distribution:
        """q(z | x) of the top site, batch shape (B,)."""
        top = next(iter(self.latents.sites))
        context = self.condition_of(x, context)
        features = self.features(x, context)
        return cast(Distribution, self.posteriors[top](features, self.latents.top(context), None))

    @torch.no_grad()
    def reconstruct(self, x: Float[Tensor, "B *E"]) -> Float[Tensor, "B *E"]:
        """The picture of p(x | z) at the mean of q at every site, (B, *E)."""
        context = self.condition_of(x)
        features = self.features(x, context)

        def choose(name: str, prior: Distribution, state: Tensor | None) -> Tensor:
            return cast(Distribution, self.posteriors[name](features, prior, state)).mean

        return self.likelihood.centre(self.walk(choose, (x.shape[0],), context))
