"""The codes of a split as one table, for what is read off them."""

import numpy as np
import torch
from jaxtyping import Float32, Int64

from vaekit.core import VAE
from vaekit.data.batches import Examples, spaced_places
from vaekit.noise import Noise, Shard

AT_ONCE = 100
MOST_NUMBERS = 2048
"""Of a code: probes of longer ones are dear, and say little of any one number."""


@torch.no_grad()
def code_table(
    vae: VAE, examples: Examples, most: int
) -> tuple[Float32[np.ndarray, "N d"], Int64[np.ndarray, " N"]]:
    """Means of q(z | x) at the top site of at most so many examples, evenly spaced over the split, and their places.

    Args:
        vae: in evaluation mode.
        examples: the split.
        most: examples.
    """
    places = spaced_places(len(examples), most)
    codes: list[np.ndarray] = []
    for index, part in enumerate(places.split(AT_ONCE)):
        noise = Noise(examples.seed, (examples.stream, "codes"), (Shard(index, len(part)),))
        x = examples.gather(part.to(examples.index_device), noise)
        codes.append(vae.encode(x).mean.flatten(1).float().cpu().numpy())
    return np.concatenate(codes), places.numpy()
