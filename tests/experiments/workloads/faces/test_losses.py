"""Face losses against slow explicit computations and scikit-image."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.losses import C1, C2, face_loss, ssim, ssim_2021

Similarity = Callable[[Tensor, Tensor], Tensor]


def pair(
    count: int = 2, size: int = 20, *, seed: int = 0, noise: float = 0.2
) -> tuple[Tensor, Tensor]:
    """Faces-to-be and noisy copies of them, in 0..1, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(count, 3, size, size, generator=generator).double()
    disturbed = target + noise * torch.randn(target.shape, generator=generator)
    return disturbed.clamp(0, 1), target


def slow_ssim_2021(output: Tensor, target: Tensor) -> float:
    """Patch after patch, over its 27 values."""
    values = []
    _, _, height, width = output.shape
    for x_image, y_image in zip(output.numpy(), target.numpy(), strict=True):
        for top in range(0, height - 2, 3):
            for left in range(0, width - 2, 3):
                x = x_image[:, top : top + 3, left : left + 3].ravel()
                y = y_image[:, top : top + 3, left : left + 3].ravel()
                covariance = np.mean(x * y) - x.mean() * y.mean()
                likeness = (2 * x.mean() * y.mean() + C1) * (2 * covariance + C2)
                likeness /= (x.mean() ** 2 + y.mean() ** 2 + C1) * (
                    x.var() + y.var() + C2
                )
                values.append((1 - likeness) / 2)
    return float(np.mean(values))


def slow_ssim(output: Tensor, target: Tensor) -> float:
    """Window after window, borders continued by reflection, per channel."""
    offset = np.arange(-5, 6)
    line = np.exp(-(offset**2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    around = ((0, 0), (0, 0), (5, 5), (5, 5))
    padded = [
        np.pad(image.numpy(), around, mode="reflect") for image in (output, target)
    ]
    values = []
    for index in np.ndindex(*output.shape):
        image, channel, row, column = index
        x, y = (p[image, channel, row : row + 11, column : column + 11] for p in padded)
        mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
        var_x = (weights * (x - mean_x) ** 2).sum()
        var_y = (weights * (y - mean_y) ** 2).sum()
        covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
        values.append(
            (2 * mean_x * mean_y + C1)
            * (2 * covariance + C2)
            / ((mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2))
        )
    return float(1 - np.mean(values))


class TestSsim2021:
    @pytest.mark.parametrize("size", [18, 20])  # 20: two rows and columns left over
    def test_it_agrees_with_the_slow_method(self, size: int) -> None:
        output, target = pair(size=size)
        expected = slow_ssim_2021(output, target)
        assert ssim_2021(output, target).item() == pytest.approx(expected, rel=1e-9)

    def test_rows_and_columns_left_over_do_not_count(self) -> None:
        output, target = pair(size=20)
        changed = output.clone()
        changed[:, :, 18:] = 0.0
        changed[:, :, :, 18:] = 0.0
        assert torch.equal(ssim_2021(changed, target), ssim_2021(output, target))


class TestSsim:
    def test_it_agrees_with_the_slow_method_borders_included(self) -> None:
        output, target = pair(count=1, size=13)
        expected = slow_ssim(output, target)
        assert ssim(output, target).item() == pytest.approx(expected, rel=1e-5)

    def test_it_agrees_with_scikit_image_under_a_flat_frame(self) -> None:
        """Borders are continued differently there, which a flat frame hides."""
        output, target = (
            functional.pad(faces, (12, 12, 12, 12), value=0.4)
            for faces in pair(size=24)
        )
        maps = [
            structural_similarity(  # type: ignore[no-untyped-call]
                x,
                y,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=1.0,
                full=True,
            )[1]
            for x, y in zip(
                output.flatten(0, 1).numpy(), target.flatten(0, 1).numpy(), strict=True
            )
        ]
        assert ssim(output, target).item() == pytest.approx(1 - np.mean(maps), rel=1e-5)

    def test_pictures_need_not_be_square(self) -> None:
        output, target = pair(size=24)
        tall = 1 - ssim(output[..., :12], target[..., :12])
        wide = 1 - ssim(
            output[..., :12].transpose(2, 3), target[..., :12].transpose(2, 3)
        )
        assert tall.item() == pytest.approx(wide.item(), rel=1e-9)

    def test_a_picture_smaller_than_the_windows_reach_is_refused(self) -> None:
        with pytest.raises(ValueError, match="more than 5 pixels"):
            ssim(*pair(size=5))


@pytest.mark.parametrize("similarity", [ssim_2021, ssim])
class TestBoth:
    def test_a_perfect_copy_costs_nothing(self, similarity: Similarity) -> None:
        _, target = pair()
        assert similarity(target, target).item() == pytest.approx(0.0, abs=1e-6)

    def test_more_noise_costs_more(self, similarity: Similarity) -> None:
        costs = [
            similarity(*pair(noise=noise)).item() for noise in (0.02, 0.1, 0.3, 0.8)
        ]
        assert costs == sorted(costs)

    def test_the_gradient_is_that_of_the_value(self, similarity: Similarity) -> None:
        output, target = pair(count=1, size=9)
        torch.autograd.gradcheck(
            lambda x: similarity(x, target), output.requires_grad_(), eps=1e-6
        )

    def test_flat_faces_in_single_precision_keep_gradients_finite(
        self, similarity: Similarity
    ) -> None:
        flat = torch.full((2, 3, 16, 16), 0.3, requires_grad=True)
        cost = similarity(flat, torch.zeros(2, 3, 16, 16))
        cost.backward()  # type: ignore[no-untyped-call]
        assert flat.grad is not None
        assert flat.grad.isfinite().all()

    def test_single_precision_is_precise_enough(self, similarity: Similarity) -> None:
        output, target = pair(size=64, noise=0.01)
        double = similarity(output, target).item()
        single = similarity(output.float(), target.float()).item()
        assert single == pytest.approx(double, abs=1e-5)

    @settings(max_examples=20, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        count=st.integers(1, 3),
        size=st.integers(6, 24),
        noise=st.floats(0.0, 2.0),
    )
    def test_it_is_symmetric_and_within_its_range(
        self, similarity: Similarity, seed: int, count: int, size: int, noise: float
    ) -> None:
        output, target = pair(count, size, seed=seed, noise=noise)
        cost = similarity(output, target).item()
        highest = 1.0 if similarity is ssim_2021 else 2.0
        assert -1e-9 <= cost <= highest
        assert similarity(target, output).item() == pytest.approx(cost, abs=1e-9)

    def test_it_is_the_mean_over_the_batch(self, similarity: Similarity) -> None:
        output, target = pair(count=3)
        single = [
            similarity(x[None], y[None]).item()
            for x, y in zip(output, target, strict=True)
        ]
        assert similarity(output, target).item() == pytest.approx(np.mean(single))


class TestFaceLoss:
    @pytest.mark.parametrize(
        ("name", "similarity"), [("ssim-2021+mse", ssim_2021), ("ssim+mse", ssim)]
    )
    def test_it_adds_the_mean_squared_error(
        self, name: str, similarity: Similarity
    ) -> None:
        output, target = pair()
        expected = similarity(output, target) + (output - target).square().mean()
        torch.testing.assert_close(face_loss(name)(output, target), expected)

    def test_another_name_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(ValueError, match=r"'cross-entropy': ssim-2021\+mse or"):
            face_loss("cross-entropy")
