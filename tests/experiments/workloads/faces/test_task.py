"""A face task on a tiny autoencoder: batches, loss, measures, preview."""

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from experiments.workloads.faces.losses import face_loss
from experiments.workloads.faces.previews import HEADER_HEIGHT
from experiments.workloads.faces.task import FaceTask
from experiments.workloads.protocol import Task
from knowledge.errors import DataFolderError
from knowledge.records import RunConfig

pytestmark = pytest.mark.usefixtures("few_faces")

METRICS = {
    "sharpness",
    "sharpness_a",
    "sharpness_b",
    "matched_detail",
    "output_spread",
    "held_out_mse",
    "mean_face_mse",
    "held_out_loss",
}


class TinyAutoencoder(nn.Module):
    """16 px in, 16 or 32 px out, a few thousand parameters, with dropout."""

    def __init__(self, *, doubles: bool = False) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 8, 4, 4), nn.LeakyReLU(0.1), nn.Dropout(0.1)
        )
        self.decoder_a = self._decoder(8 if doubles else 4)
        self.decoder_b = self._decoder(8 if doubles else 4)

    @staticmethod
    def _decoder(times: int) -> nn.Sequential:
        return nn.Sequential(nn.ConvTranspose2d(8, 3, times, times), nn.Sigmoid())

    def encode(self, faces: Tensor) -> Tensor:
        encoded: Tensor = self.encoder(faces)
        return encoded

    def decode_a(self, encoded: Tensor) -> Tensor:
        faces: Tensor = self.decoder_a(encoded)
        return faces

    def decode_b(self, encoded: Tensor) -> Tensor:
        faces: Tensor = self.decoder_b(encoded)
        return faces

    def forward(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        return self.decode_a(self.encode(faces_a)), self.decode_b(self.encode(faces_b))


@pytest.fixture
def n_faces() -> int:
    """Sixteen a side: a batch of all of them, and epochs that can be counted."""
    return 16


def config(**changes: object) -> RunConfig:
    """A short run's config."""
    values: dict[str, object] = {
        "workload": "original@1/32",
        "recipe": "faceswap-2021",
        "batch_size": 4,
        "learning_rate": 1e-3,
        "seed": 1,
        "steps": 10,
    }
    return RunConfig.from_dict(values | changes)


def task(*, output_size: int = 16, **changes: object) -> FaceTask:
    """A task around a tiny model with fixed weights."""
    torch.manual_seed(0)
    model = TinyAutoencoder(doubles=output_size == 32)
    return FaceTask(model, config(**changes), input_size=16, output_size=output_size)


@cache
def shared_task() -> FaceTask:
    """One task for all examples of a property: only its config is replaced."""
    return task()


def evaluated_loss(of: FaceTask, step: int) -> float:
    """A step's loss without dropout."""
    of.model.eval()
    return of.training_loss(step).item()


class TestBatches:
    def test_a_step_has_the_same_batch_whatever_came_before(self) -> None:
        fresh, used = task(), task()
        for step in (1, 2, 9):
            used.training_loss(step)
        torch.rand(3)
        for ours, theirs in zip(fresh.batch(7), used.batch(7), strict=True):
            assert torch.equal(ours, theirs)

    def test_another_step_or_seed_has_another_batch(self) -> None:
        first = task().batch(1)[0]
        assert not torch.equal(first, task().batch(2)[0])
        assert not torch.equal(first, task(seed=2).batch(1)[0])

    def test_the_learning_rate_does_not_change_the_data(self) -> None:
        fast = task(learning_rate=1.0)
        assert torch.equal(task().batch(3)[1], fast.batch(3)[1])

    def test_global_random_state_is_left_to_the_model(self) -> None:
        ours = task()
        before = torch.get_rng_state()
        ours.batch(1)
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize("output_size", [16, 32])
    def test_batch_size_counts_the_faces_of_each_side(self, output_size: int) -> None:
        inputs, targets = task(output_size=output_size, batch_size=3).batch(1)
        assert inputs.shape == (6, 3, 16, 16)
        assert targets.shape == (6, 3, output_size, output_size)

    @settings(max_examples=20, deadline=None)
    @given(batch_size=st.integers(1, 40), seed=st.integers(0, 2**63 - 1))
    def test_every_epoch_shows_each_face_once(self, batch_size: int, seed: int) -> None:
        ours = shared_task()
        ours._config = config(batch_size=batch_size, seed=seed)
        for side, first_row in ((0, 0), (1, 16)):
            shown = torch.cat([ours._chosen(step, side) for step in range(1, 17)])
            for start in range(0, len(shown), 16):
                epoch = shown[start : start + 16].sort().values
                assert torch.equal(epoch, torch.arange(16) + first_row)

    def test_sides_and_epochs_are_shuffled_on_their_own(self) -> None:
        ours = task(batch_size=16)
        first, second = ours._chosen(1, 0), ours._chosen(2, 0)
        assert not torch.equal(first, second)
        assert not torch.equal(first, ours._chosen(1, 1) - 16)

    def test_a_batch_larger_than_a_side_repeats_it(self) -> None:
        shown = Counter(task(batch_size=40)._chosen(1, 0).tolist())
        assert set(shown) == set(range(16))
        assert set(shown.values()) == {2, 3}


class TestLoss:
    def test_it_is_the_loss_of_a_plus_the_loss_of_b(self) -> None:
        ours = task()
        ours.model.eval()
        inputs, targets = ours.batch(1)
        out_a, out_b = ours.model(inputs[:4], inputs[4:])
        loss = face_loss("ssim-2021+mse")
        expected = loss(out_a, targets[:4]) + loss(out_b, targets[4:])
        torch.testing.assert_close(ours.training_loss(1), expected)

    def test_the_recipe_names_the_loss(self) -> None:
        today, then = task(recipe="faceswap-3"), task()
        assert evaluated_loss(today, 1) > 1.2 * evaluated_loss(then, 1)

    def test_every_parameter_gets_a_gradient(self) -> None:
        ours = task()
        ours.training_loss(1).backward()  # type: ignore[no-untyped-call]
        for name, parameter in ours.model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name

    def test_training_lowers_it_and_the_held_back_error(self) -> None:
        ours = task(batch_size=8)
        before = ours.measure()
        optimizer = torch.optim.Adam(ours.model.parameters(), lr=1e-2)
        for step in range(1, 121):
            optimizer.zero_grad()
            ours.training_loss(step).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        after = ours.measure()
        assert after["held_out_loss"] < 0.7 * before["held_out_loss"]
        assert after["held_out_mse"] < before["held_out_mse"]
        assert after["matched_detail"] > before["matched_detail"] + 0.1
        assert after["mean_face_mse"] == before["mean_face_mse"]

    def test_a_recipe_for_digits_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cross-entropy"):
            task(recipe="adam")

    def test_an_empty_batch_is_refused(self) -> None:
        with pytest.raises(ValueError, match="batch of 0"):
            task(batch_size=0)


class Answer(TinyAutoencoder):
    """Draws the same gray face for whatever it is shown, on side A or on both."""

    def __init__(self, *, both_sides: bool) -> None:
        super().__init__()
        self.both_sides = both_sides

    def decode_a(self, encoded: Tensor) -> Tensor:
        return torch.full((len(encoded), 3, 16, 16), 0.5)

    def decode_b(self, encoded: Tensor) -> Tensor:
        return self.decode_a(encoded) if self.both_sides else super().decode_b(encoded)


class TestMeasures:
    def test_all_metrics_are_plain_finite_numbers(self) -> None:
        measured = task().measure()
        assert set(measured) == METRICS
        for value in measured.values():
            assert type(value) is float
            assert np.isfinite(value)

    def test_measuring_twice_gives_the_same_numbers(self) -> None:
        ours = task()
        first = ours.measure()
        ours.training_loss(1)
        assert ours.measure() == first

    def test_the_model_is_left_training_without_gradients(self) -> None:
        ours = task()
        ours.measure()
        ours.preview()
        assert all(module.training for module in ours.model.modules())
        assert all(p.grad is None for p in ours.model.parameters())

    def test_the_model_is_left_training_even_after_an_error(self) -> None:
        ours = task()
        ours._held_inputs = [torch.zeros(1, 5, 16, 16)] * 2
        with pytest.raises(RuntimeError):
            ours.measure()
        assert ours.model.training

    def test_sharpness_is_the_mean_over_sides(self) -> None:
        measured = task().measure()
        mean = (measured["sharpness_a"] + measured["sharpness_b"]) / 2
        assert measured["sharpness"] == pytest.approx(mean)

    @pytest.mark.parametrize("both_sides", [True, False])
    def test_a_collapsed_decoder_has_no_output_spread(self, both_sides: bool) -> None:
        """One healthy side must not hide the other's collapse."""
        torch.manual_seed(0)
        model = Answer(both_sides=both_sides)
        ours = FaceTask(model, config(), input_size=16, output_size=16)
        assert ours.measure()["output_spread"] == 0.0
        assert task().measure()["output_spread"] > 1e-4

    def test_the_mean_face_error_is_that_of_always_drawing_the_mean_face(self) -> None:
        ours = task(batch_size=16)
        measured = ours.measure()["mean_face_mse"]
        from experiments.workloads.faces.pictures import generate_faces

        faces = generate_faces(16, 16)
        errors = [
            (held - train.mean(0)).square().mean().item()
            for train, held in (
                (faces.train_a, faces.held_back_a),
                (faces.train_b, faces.held_back_b),
            )
        ]
        assert measured == pytest.approx(np.mean(errors), rel=1e-5)


class TestPreview:
    def test_five_rows_of_six_faces(self) -> None:
        sheet = task(output_size=32).preview()
        assert sheet.size == (6 * 96, HEADER_HEIGHT + 5 * 96)

    def test_swaps_go_through_the_other_sides_decoder(self) -> None:
        """With a gray answer for A, the columns A > A and B > A are gray, B > B not."""
        torch.manual_seed(0)
        model = Answer(both_sides=False)
        sheet = FaceTask(model, config(), input_size=16, output_size=16).preview()
        cell = sheet.width // 6
        extremes = [
            sheet.crop((i * cell + 4, HEADER_HEIGHT, (i + 1) * cell - 4, sheet.height))
            .convert("L")
            .getextrema()
            for i in range(6)
        ]
        flat = [low == high for low, high in extremes]
        assert flat == [False, True, False, False, False, True]

    def test_a_model_that_is_no_longer_finite_can_still_be_shown(self) -> None:
        ours = task()
        for parameter in ours.model.parameters():
            nn.init.constant_(parameter, float("nan"))
        assert ours.preview().size[0] == 6 * 96


class TestData:
    def test_a_persons_folders_are_used(self, tmp_path: Path) -> None:
        for side in "ab":
            (tmp_path / side).mkdir()
            for i in range(5):
                noise = np.random.default_rng(i).integers(0, 256, (16, 16, 3))
                path = tmp_path / side / f"{i}.png"
                Image.fromarray(noise.astype(np.uint8)).save(path)
        ours = task(data=f"{tmp_path / 'a'}::{tmp_path / 'b'}", batch_size=7)
        assert ours._counts == (3, 3)
        assert np.isfinite(ours.training_loss(1).item())
        assert set(ours.measure()) == METRICS

    def test_lfw_faces_are_used(self) -> None:
        assert task(data="lfw")._counts == (40, 40)

    def test_a_missing_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(DataFolderError, match="There is no folder"):
            task(data=f"{tmp_path / 'a'}::{tmp_path}")


def test_a_face_task_follows_the_task_protocol() -> None:
    follows: Task = task()
    assert isinstance(follows.model, nn.Module)
