"""PyTorch's basic MNIST example: https://github.com/pytorch/examples/tree/main/mnist

Two 3×3 convolutions of 32 and 64 filters, max-pooling, dropout 0.25, a layer of 128 ReLU units,
dropout 0.5; pixels standardised with mean 0.1307 and deviation 0.3081; Adadelta at 1.0, multiplied
by 0.7 after each epoch; batches of 64.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from digitbook.images.prepare import scale


def build() -> nn.Sequential:
    """Return the untrained network: 1×28×28 standardised values in, ten logits out."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def prepare(images: np.ndarray) -> torch.Tensor:
    """Standardise the pixels and add the axis of the one channel."""
    return torch.from_numpy((scale(images)[:, None] - 0.1307) / 0.3081)


def train(images: np.ndarray, labels: np.ndarray, seed: int, finished: Callable[..., bool]) -> None:
    """Train until `finished`."""
    torch.manual_seed(seed)
    x, y = prepare(images), torch.from_numpy(labels)
    model = build()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    over = False
    while not over:
        model.train()
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()
        model.eval()
        over = finished(lambda images: _classify(model, images))


@torch.no_grad()
def _classify(model: nn.Sequential, images: np.ndarray) -> np.ndarray:
    batches = prepare(images).split(500)
    return torch.cat([model(batch).argmax(dim=1) for batch in batches]).numpy()
