"""A normalising flow as the prior."""

from collections.abc import Mapping
from typing import Any, cast, final

from jaxtyping import Float
from torch import Tensor

from vaekit.nets.flows import FlowName, autoregressive_flow
from vaekit.priors.kept import KeptPrior, SavedPrior, top_latents
from vaekit.priors.pushforward import PushforwardPrior, normal_log_density


@final
class FlowPrior(PushforwardPrior):
    """log p(z) = log N(f(z); 0, I) + log |det df/dz|, f an autoregressive flow; draws are f⁻¹(u), u ~ N(0, I).

    "maf" and "spline" take one pass for a density and d passes for a draw, "iaf" the other way round.

    Args:
        latents: d, dimensions of z.
        kind: maf, spline or iaf.
        transforms: how many, one after another, in alternating orders.
        width: of both hidden layers of each.
        bins: of a spline.

    Raises:
        UserError: for an unknown kind, or a size under 1.

    Source: Papamakarios et al. 2017, https://arxiv.org/abs/1705.07057, equations 4–7; spline: Durkan et al. 2019,
    https://arxiv.org/abs/1906.04032; iaf: Kingma et al. 2016, https://arxiv.org/abs/1606.04934; as the prior of a
    VAE: Chen et al. 2017, https://arxiv.org/abs/1611.02731, section 3.2.

    Example:
        >>> import torch
        >>> prior = FlowPrior(latents=3, width=8)
        >>> prior().log_prob(prior().sample((5,))).shape
        torch.Size([5])
    """

    def __init__(
        self, latents: int, kind: FlowName = "maf", transforms: int = 4, width: int = 64, bins: int = 8
    ) -> None:
        super().__init__(latents, latents)
        self._options = {"kind": kind, "transforms": transforms, "width": width, "bins": bins}
        self.flow = autoregressive_flow(kind, latents, transforms, width, bins)
        self.kind = kind

    @property
    def options(self) -> Mapping[str, object]:
        """Kind and sizes."""
        return self._options

    @classmethod
    def again(cls, saved: SavedPrior) -> KeptPrior:
        """One of the same kind and sizes."""
        sizes = {name: cast(int, saved.options[name]) for name in ("transforms", "width", "bins")}
        return cls(top_latents(saved.vae), cast(FlowName, saved.options["kind"]), **sizes)

    @property
    def to_base(self) -> Any:
        """f, a transform of zuko."""
        transform = self.flow()
        return transform.inv if self.kind == "iaf" else transform

    def push(self, u: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """f⁻¹(u)."""
        return self.scaling.outwards(self.to_base.inv(u))

    def log_density(self, z: Float[Tensor, "*B d"], temperature: float = 1.0) -> Float[Tensor, "*B"]:
        """log p(z), nats."""
        u, log_determinant = self.to_base.call_and_ladj(self.scaling.inwards(z))
        return normal_log_density(u, temperature) + log_determinant - self.scaling.log_volume
