"""Several latent variables beside each other, of different kinds for instance."""

from collections.abc import Mapping, Sequence
from typing import cast, final

import torch
from torch import Tensor
from torch.nn import ModuleDict

from vaekit.core import Choose, Latents, Prior


@final
class SideBySide(Latents):
    """Π_l p(z_l): sites that do not see each other; the decoder sees their values, one after the other.

    Args:
        sizes: dimensions of each site.
        priors: p(z_l) of each.

    Example:
        >>> from vaekit.priors import OneHotPrior, StandardNormal
        >>> latents = SideBySide({"z": 4, "c": 10}, {"z": StandardNormal(4), "c": OneHotPrior(1, 10)})
        >>> latents.out_features
        14
    """

    def __init__(self, sizes: Mapping[str, int], priors: Mapping[str, Prior]) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        # The top site's has the name under which every model keeps the prior that is fitted.
        self.prior, *others = (priors[site] for site in sizes)
        self.others = ModuleDict(dict(zip(list(sizes)[1:], others, strict=True)))

    @property
    def sites(self) -> Mapping[str, int]:
        """As they were given."""
        return self.sizes

    @property
    def state_features(self) -> Mapping[str, int]:
        """No site has anything above it."""
        return dict.fromkeys(self.sizes, 0)

    @property
    def out_features(self) -> int:
        """The sum of the dimensions."""
        return sum(self.sizes.values())

    @property
    def top(self) -> Prior:
        """The prior of the first site."""
        return cast(Prior, self.prior)

    def replace_top(self, prior: Prior) -> None:
        """Put another prior at the first site."""
        self.prior = prior

    def forward(self, choose: Choose, batch_shape: Sequence[int], context: Tensor | None = None) -> Tensor:
        """Return all values, (*S, B, H)."""
        first, *others = self.sizes
        values = [choose(first, self.top(context), None)]
        values += [choose(site, cast(Prior, self.others[site])(context), None) for site in others]
        # What stands for a site may be the mean of its prior, the same for all.
        return torch.cat([value.expand(*batch_shape, value.shape[-1]) for value in values], -1)
