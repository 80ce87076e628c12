"""A face model made ready to train: its faces, its batches, its loss and its measures.

A step feeds both sides through the shared encoder and their own decoders and adds the
two losses; swapped faces are looked at, never trained. A batch is a pure function of
(seed, step), so a resumed run sees the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from statistics import fmean
from typing import Protocol, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from experiments.training.precision import mixed_precision
from experiments.workloads.faces.augmentation import augment, rgb_to_lab, shrink
from experiments.workloads.faces.losses import face_loss
from experiments.workloads.faces.pictures import load_faces
from experiments.workloads.faces.previews import (
    matched_detail,
    preview_sheet,
    sharpness,
)
from knowledge.recipes import RECIPES
from knowledge.records import RunConfig

PREVIEW_ROWS = 5
CONVERTED_AT_ONCE = 64  # faces; more would only fill the memory
_AUGMENTATION_STREAM = 2  # of a run's chance; 0 and 1 are the orders of A and B


class FaceModel(Protocol):
    """What is asked of a model: faces are (n, 3, size, size), RGB in 0..1."""

    def __call__(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct both sides, each with its own decoder."""
        ...

    def encode(self, faces: Tensor) -> Tensor:
        """What both decoders draw from."""
        ...

    def decode_a(self, encoded: Tensor) -> Tensor:
        """Faces of A."""
        ...

    def decode_b(self, encoded: Tensor) -> Tensor:
        """Faces of B."""
        ...


class FaceTask:
    """One run's face model and data; follows the `Task` protocol of the workloads.

    Args:
        model: Moved to the run's device.
        config: `data` picks the faces, `batch_size` counts those of each side, and the
            recipe names the loss.
        input_size: Side of the faces the model takes, in pixels.
        output_size: Side of the faces it draws.

    Raises:
        DataFolderError: The faces asked for cannot be read.
        ValueError: The recipe's loss is not one for faces, or the batch is empty.
    """

    def __init__(
        self, model: nn.Module, config: RunConfig, *, input_size: int, output_size: int
    ) -> None:
        if config.batch_size < 1:
            raise ValueError(f"a batch of {config.batch_size} faces")
        self._loss = face_loss(RECIPES[config.recipe].loss)
        self._config = config
        self._input_size, self._output_size = input_size, output_size
        faces = load_faces(config.data, max(input_size, output_size))
        device = torch.device(config.device)
        self.model = model.to(device)
        self._face_model = cast(FaceModel, model)
        trained = (faces.train_a, faces.train_b)
        # Both sides in one tensor: a batch is then one look-up.
        self._lab = torch.cat(
            [rgb_to_lab(part) for x in trained for part in _parts(x)]
        ).to(device)
        self._counts = (len(faces.train_a), len(faces.train_b))
        held_back = [faces.held_back_a.to(device), faces.held_back_b.to(device)]
        self._held_inputs = [shrink(side, input_size) for side in held_back]
        self._held_targets = [shrink(side, output_size) for side in held_back]
        self._mean_face_mse = fmean(
            _squared_error(
                shrink(x.mean(dim=0, keepdim=True), output_size).to(device), held
            )
            for x, held in zip(trained, self._held_targets, strict=True)
        )

    def training_loss(self, step: int) -> Tensor:
        """The loss of A plus the loss of B on one step's batch, with its graph."""
        inputs, targets = self.batch(step)
        faces_a, faces_b = inputs.chunk(2)
        with mixed_precision(self._config):
            outputs = torch.cat(self._face_model(faces_a, faces_b))
        # Sides are of equal size, so twice the mean of all is the sum of both means.
        return 2.0 * self._loss(outputs.float(), targets)

    def measure(self) -> dict[str, float]:
        """Metrics on the held-out faces, in evaluation mode, unwarped.

        `sharpness` and `matched_detail`, means of both sides; `output_spread` (standard
        deviation across faces, averaged over pixels, of the side with less of it: zero
        when a decoder has collapsed); `held_out_mse`; `mean_face_mse` (of always
        answering with the mean training face); `held_out_loss` (the training loss).
        """
        drawn = self._reconstruct()
        pairs = list(zip(drawn, self._held_targets, strict=True))
        sharpness_a, sharpness_b = (sharpness(x, y) for x, y in pairs)
        return {
            "sharpness": (sharpness_a + sharpness_b) / 2.0,
            "sharpness_a": sharpness_a,
            "sharpness_b": sharpness_b,
            "matched_detail": fmean(matched_detail(x, y) for x, y in pairs),
            "output_spread": min(
                x.std(dim=0, correction=0).mean().item() for x in drawn
            ),
            "held_out_mse": fmean(_squared_error(x, y) for x, y in pairs),
            "mean_face_mse": self._mean_face_mse,
            "held_out_loss": sum(self._loss(x, y).item() for x, y in pairs),
        }

    def preview(self) -> Image.Image:
        """A sheet of held-back faces: original, own reconstruction, swap, per side."""
        with _evaluating(self.model):
            faces_a, faces_b = self._held_inputs
            rows = min(PREVIEW_ROWS, len(faces_a), len(faces_b))
            model = self._face_model
            encoded_a = model.encode(faces_a[:rows])
            encoded_b = model.encode(faces_b[:rows])
            columns = (
                self._held_targets[0][:rows],
                model.decode_a(encoded_a),
                model.decode_b(encoded_a),
                self._held_targets[1][:rows],
                model.decode_b(encoded_b),
                model.decode_a(encoded_b),
            )
        return preview_sheet(list(zip(*columns, strict=True)))

    def _reconstruct(self) -> tuple[Tensor, Tensor]:
        """The held-back faces of both sides as their own decoders draw them."""
        with _evaluating(self.model):
            outputs_a, outputs_b = self._face_model(*self._held_inputs)
        return outputs_a.float(), outputs_b.float()

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of one step, A's faces before B's."""
        chosen = torch.cat([self._chosen(step, side) for side in (0, 1)])
        generator = torch.Generator().manual_seed(
            _stream_seed(self._config.seed, _AUGMENTATION_STREAM, step)
        )
        return augment(
            self._lab[chosen.to(self._lab.device)],
            generator,
            input_size=self._input_size,
            output_size=self._output_size,
        )

    def _chosen(self, step: int, side: int) -> Tensor:
        """Which faces of a side a step trains on, as rows of all faces.

        Each side goes through its own epochs; a batch may span two of them.
        """
        count, size = self._counts[side], self._config.batch_size
        first, end = (step - 1) * size, step * size
        epochs = range(first // count, (end - 1) // count + 1)
        orders = [_order(count, self._config.seed, side, epoch) for epoch in epochs]
        skipped = first - epochs.start * count
        return torch.cat(orders)[skipped : skipped + size] + side * self._counts[0]


@lru_cache(maxsize=64)
def _order(count: int, seed: int, side: int, epoch: int) -> Tensor:
    """The order of a side's faces in one epoch."""
    generator = torch.Generator().manual_seed(_stream_seed(seed, side, epoch))
    return torch.randperm(count, generator=generator)


def _stream_seed(seed: int, stream: int, number: int) -> int:
    """A seed for one use: neighbours' streams have nothing to do with each other."""
    sequence = np.random.SeedSequence((seed % 2**64, stream, number))
    return int(sequence.generate_state(1, np.uint64)[0])


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; the model's mode is restored afterwards."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def _squared_error(drawn: Tensor, faces: Tensor) -> float:
    return (drawn - faces).square().mean().item()


def _parts(faces: Tensor) -> list[Tensor]:
    """The faces in parts small enough to be converted at once."""
    starts = range(0, len(faces), CONVERTED_AT_ONCE)
    return [faces[start : start + CONVERTED_AT_ONCE] for start in starts]
