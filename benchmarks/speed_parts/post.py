"""The pipeline of the post, written afresh from its description: every item filters the table and decodes its file.

Of its Lightning trainer only the loop is here, so the post is shown faster than it is. The channels are those of
the network that all others train: the post lists them the wrong way round, which would cost some forty times more.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset

from .network import Autoencoder
from .rounds import Contender

KLD_WEIGHT = 0.00025
CELEBA_ROWS = 202_599
CELEBA_TRAIN = 162_770


class PostDataset(Dataset[Tensor]):
    """CelebA by its table of partitions: file name and split (0, 1, 2) in each row.

    Args:
        table: of columns image_id and partition.
        pictures: the folder of the files.
        split: 0 for training.
    """

    def __init__(self, table: pd.DataFrame, pictures: Path, split: int = 0) -> None:
        self.table = table
        self.pictures = pictures
        self.split = split

    def __len__(self) -> int:
        return len(self.table[self.table["partition"] == self.split])

    def __getitem__(self, index: int) -> Tensor:
        name = self.table[self.table["partition"] == self.split].iloc[index, 0]
        return transformed(Image.open(self.pictures / str(name)), mirrored=random.random() < 0.5)


def transformed(picture: Image.Image, mirrored: bool, crop: int = 148, side: int = 64) -> Tensor:
    """Mirror, cut the centre, resize, and make a float tensor in [0, 1], as torchvision's transforms do."""
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top = round((picture.width - crop) / 2), round((picture.height - crop) / 2)
    picture = picture.crop((left, top, left + crop, top + crop))
    picture = picture.resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


def full_table(names: list[str]) -> pd.DataFrame:
    """A table as long as CelebA's whose rows name the files at hand over and over."""
    repeated = [names[row % len(names)] for row in range(CELEBA_ROWS)]
    held_out = CELEBA_ROWS - CELEBA_TRAIN
    partition = [0] * CELEBA_TRAIN + [1] * (held_out // 2) + [2] * (held_out - held_out // 2)
    return pd.DataFrame({"image_id": repeated, "partition": partition})


def post(name: str, network: Autoencoder, dataset: PostDataset, batch: int) -> Contender:
    """The post's loop: its loss, Adam at 0.005, and three scalars read at every step for the log."""
    optimiser = Adam(network.parameters(), lr=0.005)
    network.train()
    batches = _endless(DataLoader(dataset, batch_size=batch, shuffle=True))
    log: dict[str, float] = {}

    def take(steps: int) -> None:
        for _ in range(steps):
            x = next(batches)
            output, mean, log_variance = network(x)
            reconstruction = F.mse_loss(output, x)
            kld = torch.mean(-0.5 * torch.sum(1 + log_variance - mean**2 - log_variance.exp(), dim=1), dim=0)
            loss = reconstruction + KLD_WEIGHT * kld
            terms = {"loss": loss, "reconstruction": reconstruction.detach(), "regularization": -kld.detach()}
            log.update({key: value.item() for key, value in terms.items()})
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return Contender(name, batch, take)


def _endless(loader: DataLoader[Tensor]) -> Iterator[Tensor]:
    while True:
        yield from loader
