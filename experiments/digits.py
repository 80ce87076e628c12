"""Scikit-learn's 1,797 handwritten digits as a task: 8 x 8 pixels, ten classes.

The split into training and held-back digits is the same for every run. Batches are
shuffled epochs without replacement; what does not fill a batch is left out, and the
next epoch is shuffled anew.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional

from knowledge.errors import BadValueError
from knowledge.records import RunConfig

SIDE = 8
BRIGHTEST = 16.0
HELD_BACK_FRACTION = 0.2
SPLIT_SEED = 0


@dataclass(frozen=True)
class Digits:
    """The digits in two parts: images (n, 1, 8, 8) in 0..1 and labels (n,)."""

    images: Tensor
    labels: Tensor
    held_back_images: Tensor
    held_back_labels: Tensor


@functools.cache
def load_split_digits() -> Digits:
    """The digits, split 80 to 20 with equal shares of each class, always alike."""
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / BRIGHTEST).astype(np.float32).reshape(-1, 1, SIDE, SIDE)
    parts = train_test_split(
        images,
        labels.astype(np.int64),
        test_size=HELD_BACK_FRACTION,
        stratify=labels,
        random_state=SPLIT_SEED,
    )
    train, held_back, train_labels, held_back_labels = map(torch.from_numpy, parts)
    return Digits(train, train_labels, held_back, held_back_labels)


class DigitsTask:
    """Classify digits: the cross-entropy of a batch, accuracy on held-back digits.

    Args:
        model: Maps (n, 1, 8, 8) to logits (n, 10).
        config: The run; `batch_size`, `seed` and `device` are used.

    Raises:
        BadValueError: The batch is larger than the training set.
    """

    def __init__(self, model: nn.Module, config: RunConfig) -> None:
        digits = load_split_digits()
        largest = len(digits.labels)
        if not 1 <= config.batch_size <= largest:
            raise BadValueError(
                "batch_size",
                config.batch_size,
                expected=f"the digits allow 1 to {largest} (all that are trained on)",
            )
        self.model = model.to(config.device)
        self._batch_size = config.batch_size
        self._seed = config.seed
        self._images = digits.images.to(config.device)
        self._labels = digits.labels.to(config.device)
        self._held_back_images = digits.held_back_images.to(config.device)
        self._held_back_labels = digits.held_back_labels.to(config.device)
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def training_loss(self, step: int) -> Tensor:
        """The mean cross-entropy of a step's batch; steps count from 1."""
        chosen = self.batch_indices(step)
        logits = self.model(self._images[chosen])
        return functional.cross_entropy(logits, self._labels[chosen])

    def measure(self) -> dict[str, float]:
        """Accuracy and loss on held-back digits, and how much the output varies.

        `output_spread` is of the class probabilities, so it lies in 0..0.5.
        """
        self.model.eval()
        with torch.no_grad():
            logits = self.model(self._held_back_images)
            loss = functional.cross_entropy(logits, self._held_back_labels)
            hits = (logits.argmax(dim=1) == self._held_back_labels).float().mean()
            spread = logits.softmax(dim=1).std(dim=0, correction=0).mean()
        self.model.train()
        return {
            "validation_accuracy": hits.item(),
            "validation_loss": loss.item(),
            "output_spread": spread.item(),
        }

    def preview(self) -> Image.Image | None:
        """Nothing: a class is not a picture."""
        return None

    def batch_indices(self, step: int) -> Tensor:
        """Which training digits a step sees, shape (batch_size,): of (seed, step)."""
        epoch, place = divmod(step - 1, len(self._labels) // self._batch_size)
        if epoch != self._epoch:
            shuffle = np.random.default_rng([self._seed, epoch])
            order = torch.from_numpy(shuffle.permutation(len(self._labels)))
            self._order = order.to(self._labels.device)
            self._epoch = epoch
        return self._order[place * self._batch_size : (place + 1) * self._batch_size]
