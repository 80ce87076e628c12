"""Scikit-learn's 1,797 handwritten digits as a task: 8 x 8 pixels, ten classes.

Every run has the same held-out digits. Batches are shuffled epochs without replacement;
what does not fill a batch is left out. The loss that is told is the mean over the batch
under every recipe, so that curves of all batch sizes compare.
"""

import functools
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional

from experiments.training.precision import mixed_precision
from experiments.training.schedules import measurements_of
from experiments.workloads.digits.curvature import (
    gradient_noise,
    sharpness_along_gradient,
    top_eigenvalue,
)
from knowledge.errors import BadValueError
from knowledge.recipes import RECIPES
from knowledge.records import RunConfig

SIDE = 8
BRIGHTEST = 16.0
HELD_BACK_FRACTION = 0.2
SPLIT_SEED = 0
SHARPNESS_DIGITS = 256  # of the training set, always the same
HESSIAN_PRODUCTS = 6  # reach 93 to 100 % of the eigenvalue (measured)
SHARPNESS_BATCHES = 4  # of the run's size
NOISE_BATCH = 128  # digits; the training set holds 11 such batches
CURVATURE_EVERY = 4  # measurements: it costs as much as many steps


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
    """Classify digits: the cross-entropy of a batch, accuracy on held-out digits.

    `model` maps (n, 1, 8, 8) to logits (n, 10).

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
        self._config = config
        self._batch_size = config.batch_size
        self._follows_sum = RECIPES[config.recipe].reduction == "sum"
        self._seed = config.seed
        measured_every = max(1, config.steps // measurements_of(config.steps))
        self._curvature_every = CURVATURE_EVERY * measured_every
        self._step = 0
        self._images = digits.images.to(config.device)
        self._labels = digits.labels.to(config.device)
        self._held_back_images = digits.held_back_images.to(config.device)
        self._held_back_labels = digits.held_back_labels.to(config.device)
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def training_loss(self, step: int) -> Tensor:
        """The mean cross-entropy of a step's batch; its gradient is the recipe's."""
        self._step = step
        with mixed_precision(self._config):
            loss = self._mean_loss(self.batch_indices(step))
        if self._follows_sum:
            loss.register_hook(self._times_batch)  # type: ignore[no-untyped-call]
        return loss

    def measure(self) -> dict[str, float]:
        """Metrics on held-out digits, every fourth time also on the training set.

        `validation_accuracy`, `validation_loss`, `output_spread` (of the class
        probabilities: 0..0.5). Every fourth time, all of the mean loss:
        `training_loss`, `gradient_norm`, `noise_scale` (in examples), `sharpness_top`
        (largest eigenvalue of the Hessian, on 256 digits), `batch_sharpness` (curvature
        along the gradient of the run's batches).
        """
        self.model.eval()
        with torch.no_grad():
            logits = self.model(self._held_back_images)
            loss = functional.cross_entropy(logits, self._held_back_labels)
            hits = (logits.argmax(dim=1) == self._held_back_labels).float().mean()
            spread = logits.softmax(dim=1).std(dim=0, correction=0).mean()
        due = self._step % self._curvature_every == 0
        training = self._measure_training() if due else {}
        self.model.train()
        return {
            "validation_accuracy": hits.item(),
            "validation_loss": loss.item(),
            "output_spread": spread.item(),
            **training,
        }

    def _measure_training(self) -> dict[str, float]:
        noise = gradient_noise(
            [partial(self._mean_loss, chosen) for chosen in self._batches(NOISE_BATCH)],
            self.model,
            batch_size=NOISE_BATCH,
        )
        sharp = slice(SHARPNESS_DIGITS)
        batches = self._batches(self._batch_size)[:SHARPNESS_BATCHES]
        return {
            "training_loss": noise.loss,
            "gradient_norm": noise.squared_norm**0.5,
            "noise_scale": noise.scale,
            "sharpness_top": top_eigenvalue(
                self._mean_loss(sharp), self.model, steps=HESSIAN_PRODUCTS
            ),
            "batch_sharpness": fmean(
                sharpness_along_gradient(self._mean_loss(chosen), self.model)
                for chosen in batches
            ),
        }

    def _batches(self, batch_size: int) -> list[slice]:
        """The training digits in their stored order, in batches without a rest."""
        ends = range(batch_size, len(self._labels) + 1, batch_size)
        return [slice(end - batch_size, end) for end in ends]

    def _times_batch(self, gradient: Tensor) -> Tensor:
        return gradient * self._batch_size

    def _mean_loss(self, chosen: Tensor | slice) -> Tensor:
        logits = self.model(self._images[chosen]).float()
        return functional.cross_entropy(logits, self._labels[chosen])

    def preview(self) -> Image.Image | None:
        """Nothing: a class is not a picture."""
        return None

    def examples(self, step: int) -> tuple[Tensor, Tensor]:
        """A step's images (n, 1, 8, 8) and labels (n,)."""
        chosen = self.batch_indices(step)
        return self._images[chosen], self._labels[chosen]

    def batch_indices(self, step: int) -> Tensor:
        """Which training digits a step sees, shape (batch_size,): of (seed, step)."""
        epoch, place = divmod(step - 1, len(self._labels) // self._batch_size)
        if epoch != self._epoch:
            shuffle = np.random.default_rng([self._seed, epoch])
            order = torch.from_numpy(shuffle.permutation(len(self._labels)))
            self._order = order.to(self._labels.device)
            self._epoch = epoch
        return self._order[place * self._batch_size : (place + 1) * self._batch_size]
