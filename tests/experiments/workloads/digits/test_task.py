"""The digits: the fixed split, batches as a function of (seed, step), and learning."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from experiments.workloads.digits.task import DigitsTask, load_split_digits
from experiments.workloads.protocol import build_task, describe
from knowledge.errors import BadValueError
from knowledge.records import RunConfig

NAMES = ("digits_mlp", "digits_cnn")


def config(workload="digits_mlp", *, batch_size=32, seed=0, **rest):
    return RunConfig(workload, "adam", batch_size, 1e-3, seed=seed, steps=600, **rest)


def test_the_split_is_80_to_20_with_equal_shares_of_each_class():
    digits = load_split_digits()
    assert digits.images.shape == (1437, 1, 8, 8)
    assert digits.held_back_images.shape == (360, 1, 8, 8)
    shares = torch.bincount(digits.labels) / 1437
    held_back_shares = torch.bincount(digits.held_back_labels) / 360
    assert (shares - held_back_shares).abs().max() < 0.003


def test_pixels_lie_between_zero_and_one():
    images = load_split_digits().images
    assert images.min() == 0
    assert images.max() == 1
    assert images.dtype == torch.float32


def test_no_digit_is_both_trained_on_and_held_back():
    digits = load_split_digits()
    train = {image.numpy().tobytes() for image in digits.images}
    held_back = {image.numpy().tobytes() for image in digits.held_back_images}
    assert not train & held_back


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1437), st.integers(0, 1000), st.data())
def test_an_epoch_shows_no_digit_twice(batch_size, seed, data):
    task = DigitsTask(nn.Identity(), config(batch_size=batch_size, seed=seed))
    batches = 1437 // batch_size
    epoch = data.draw(st.integers(0, 3))
    seen = torch.cat(
        [task.batch_indices(epoch * batches + i + 1) for i in range(batches)]
    )
    assert len(seen) == batches * batch_size
    assert len(seen.unique()) == len(seen)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_batch_depends_on_seed_and_step_alone(step, other_step):
    """So a run resumed at any step sees the same data as one never stopped."""
    task, resumed = (DigitsTask(nn.Identity(), config()) for _ in range(2))
    task.batch_indices(other_step)
    assert torch.equal(task.batch_indices(step), resumed.batch_indices(step))


def test_another_seed_or_epoch_shuffles_otherwise():
    first = DigitsTask(nn.Identity(), config(seed=0))
    second = DigitsTask(nn.Identity(), config(seed=1))
    assert not torch.equal(first.batch_indices(1), second.batch_indices(1))
    next_epoch = 1437 // 32 + 1
    assert not torch.equal(first.batch_indices(1), first.batch_indices(next_epoch))


@pytest.mark.parametrize("batch_size", [1438, 0])
def test_a_batch_that_cannot_be_names_the_largest(batch_size):
    with pytest.raises(BadValueError, match="1437"):
        build_task(config(batch_size=batch_size))


@pytest.mark.parametrize("name", NAMES)
def test_options_are_refused(name):
    with pytest.raises(BadValueError, match="it has none"):
        build_task(config(name, options={"width": "2"}))


@pytest.mark.parametrize("name", NAMES)
def test_a_classifier_learns_in_150_steps(name):
    task = build_task(config(name))
    before = task.measure()
    optimizer = torch.optim.Adam(task.model.parameters(), lr=5e-3)
    for step in range(1, 151):
        optimizer.zero_grad()
        task.training_loss(step).backward()
        optimizer.step()
    after = task.measure()
    assert before["validation_accuracy"] < 0.4
    assert after["validation_accuracy"] > 0.9
    assert after["validation_loss"] < 0.4
    assert after["output_spread"] > 0.2


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_losses(name):
    def losses(seed):
        task = build_task(config(name, seed=seed))
        return [task.training_loss(step).item() for step in (1, 2, 50)]

    assert losses(5) == losses(5)
    assert losses(5) != losses(6)


def test_a_model_that_always_answers_alike_has_no_spread():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.zeros_(model[1].weight)
    task = DigitsTask(model, config())
    assert task.measure()["output_spread"] == pytest.approx(0, abs=1e-7)


def test_measuring_leaves_the_model_in_training_mode():
    task = build_task(config())
    task.measure()
    assert task.model.training
    assert task.training_loss(1).requires_grad


def steps_of(recipe, *, learning_rate, batch_size=32, count=20):
    """Train a few steps; return the losses told and the weights reached."""
    run = RunConfig("digits_mlp", recipe, batch_size, learning_rate, seed=0, steps=600)
    task = build_task(run)
    optimizer = torch.optim.SGD(task.model.parameters(), lr=learning_rate)
    losses = []
    for step in range(1, count + 1):
        loss = task.training_loss(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, torch.cat([p.detach().flatten() for p in task.model.parameters()])


def test_following_the_sum_is_following_the_mean_at_the_rate_times_the_batch():
    """For plain descent; dividing by 32 is exact, so the weights are equal."""
    losses, weights = steps_of("sgd", learning_rate=0.1)
    summed, summed_weights = steps_of("sgd-sum", learning_rate=0.1 / 32)
    assert losses == summed
    assert torch.equal(weights, summed_weights)


@pytest.mark.parametrize("batch_size", [4, 512])
def test_the_loss_told_is_the_mean_whatever_a_step_follows(batch_size):
    """The outcome rule and the charts compare losses of all batch sizes."""
    first, _ = steps_of("sgd-sum", learning_rate=1e-9, batch_size=batch_size, count=1)
    assert 1.5 < first[0] < 3.5  # about log(10), of an untrained model


def test_curvature_is_measured_at_steps_that_depend_on_the_length_alone():
    """So a resumed run measures where the undisturbed one does."""
    task = build_task(config())
    extra = {"training_loss", "gradient_norm", "noise_scale"}
    extra |= {"sharpness_top", "batch_sharpness"}
    measured = []
    for step in (37, 74, 111, 148, 185):  # every 37 steps of 600
        task.training_loss(step)
        measured.append(extra <= set(task.measure()))
    assert measured == [False, False, False, True, False]


def test_measures_of_the_training_set_are_plausible_before_training():
    """The loss is that of guessing, and a batch of about fifty is half noise."""
    found = build_task(config()).measure()
    assert 2.2 < found["training_loss"] < 2.5
    assert 0 < found["gradient_norm"] < 2
    assert 5 < found["noise_scale"] < 500
    assert 0 < found["sharpness_top"] < 20
    assert abs(found["batch_sharpness"]) < 20


def test_measuring_changes_neither_weights_nor_gradients():
    """What is looked at must not move."""
    task = build_task(config())
    task.training_loss(1).backward()
    before = [(p.detach().clone(), p.grad.clone()) for p in task.model.parameters()]
    task.measure()
    after = [(p.detach(), p.grad) for p in task.model.parameters()]
    for (weights, gradient), (kept, kept_gradient) in zip(before, after, strict=True):
        assert torch.equal(weights, kept)
        assert torch.equal(gradient, kept_gradient)


def test_digits_have_no_preview():
    assert build_task(config()).preview() is None


@pytest.mark.parametrize(
    ("name", "total"), [("digits_mlp", 9610), ("digits_cnn", 9930)]
)
def test_the_description_has_shapes_and_a_total(name, total):
    assert describe(name).to_dict() == {
        "name": name,
        "input_shape": [8, 8, 1],
        "output_shape": [10],
        "options": {},
        "parameters": {"total": total},
    }
