"""Augmentation: each step against an independent computation, then all together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage import color
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.augmentation import (
    CONTRAST_CLIP,
    LEVELS,
    WARP_NOISE,
    _Draws,
    augment,
    equalise,
    lab_to_rgb,
    move,
    recolour,
    rgb_to_lab,
    shrink,
    warp,
)
from experiments.workloads.faces.pictures import generate_faces


@pytest.fixture(scope="module")
def faces() -> Tensor:
    """A stack of twelve generated faces at 64 px."""
    generated = generate_faces(64, 6)
    return torch.cat([generated.train_a, generated.train_b])


def generator(seed: int = 0) -> torch.Generator:
    """A CPU generator."""
    return torch.Generator().manual_seed(seed)


def draws(count: int, size: int = 64, **changes: Tensor) -> _Draws:
    """Draws that change nothing, except for what is given."""
    still = {
        "shade": torch.zeros(count, 3),
        "has_contrast": torch.zeros(count, dtype=torch.bool),
        "grid": torch.full((count,), 2),
        "place": torch.zeros(count, 4),
        "flips": torch.zeros(count, dtype=torch.bool),
        "warp": torch.zeros(count, 2, 5, 5),
    }
    return _Draws(**(still | changes))


class TestWhole:
    def test_the_same_generator_state_gives_the_same_batch(self, faces: Tensor) -> None:
        lab = rgb_to_lab(faces)
        first = augment(lab, generator(3), input_size=32, output_size=64)
        second = augment(lab, generator(3), input_size=32, output_size=64)
        other = augment(lab, generator(4), input_size=32, output_size=64)
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])
        assert not torch.equal(first[0], other[0])

    def test_global_random_state_is_left_alone(self, faces: Tensor) -> None:
        before = torch.get_rng_state()
        augment(rgb_to_lab(faces), generator(), input_size=64, output_size=64)
        assert torch.equal(before, torch.get_rng_state())

    def test_the_faces_given_are_not_changed(self, faces: Tensor) -> None:
        lab = rgb_to_lab(faces)
        before = lab.clone()
        augment(lab, generator(), input_size=64, output_size=64)
        assert torch.equal(lab, before)

    @settings(max_examples=15, deadline=None)
    @given(
        count=st.integers(1, 5),
        seed=st.integers(0, 2**62),
        sizes=st.sampled_from([(64, 64), (64, 128), (128, 64), (96, 128), (16, 32)]),
    )
    def test_shapes_and_range_hold_for_any_batch(
        self, count: int, seed: int, sizes: tuple[int, int]
    ) -> None:
        input_size, output_size = sizes
        lab = rgb_to_lab(torch.rand(count, 3, max(sizes), max(sizes)))
        inputs, targets = augment(
            lab, generator(seed), input_size=input_size, output_size=output_size
        )
        assert inputs.shape == (count, 3, input_size, input_size)
        assert targets.shape == (count, 3, output_size, output_size)
        for faces in (inputs, targets):
            assert faces.min() >= -1e-6
            assert faces.max() <= 1.0 + 1e-6

    def test_targets_are_not_warped(self, faces: Tensor) -> None:
        """Without warp the input would equal the target; with it, it only resembles."""
        inputs, targets = augment(
            rgb_to_lab(faces), generator(), input_size=64, output_size=64
        )
        assert not torch.allclose(inputs, targets, atol=0.05)
        assert (inputs - targets).abs().mean() < 0.1

    def test_strengths_are_those_of_the_recipe(self) -> None:
        many = _Draws.of(4000, 64, generator())
        assert many.has_contrast.float().mean() == pytest.approx(0.5, abs=0.04)
        assert many.flips.float().mean() == pytest.approx(0.5, abs=0.04)
        assert many.shade.abs().max() <= 1.0
        assert many.place.mean(0).abs().max() < 0.05
        assert many.warp.std().item() == pytest.approx(5 / 256, rel=0.03)

    @pytest.mark.parametrize(
        ("size", "grids"),
        [(64, {2, 3, 4, 5, 6}), (256, {2, 3, 4, 5, 6}), (512, {4, 6, 8, 10, 12})],
    )
    def test_contrast_grids_grow_with_the_working_size(
        self, size: int, grids: set[int]
    ) -> None:
        assert set(_Draws.of(500, size, generator()).grid.tolist()) == grids


class TestColour:
    def test_lab_agrees_with_scikit_image(self, faces: Tensor) -> None:
        faces = torch.cat([faces, 0.02 * faces])  # the straight, dark part as well
        expected = color.rgb2lab(faces.permute(0, 2, 3, 1).double().numpy())
        ours = rgb_to_lab(faces).permute(0, 2, 3, 1)
        np.testing.assert_allclose(ours, expected, atol=1e-3)

    def test_rgb_agrees_with_scikit_image_outside_the_gamut_too(
        self, faces: Tensor
    ) -> None:
        lab = rgb_to_lab(faces)
        lab = lab * torch.tensor([0.9, 1.5, 1.0])[:, None, None] + 4.0
        expected = color.lab2rgb(lab.permute(0, 2, 3, 1).double().numpy())
        ours = lab_to_rgb(lab).permute(0, 2, 3, 1)
        np.testing.assert_allclose(ours, expected, atol=1e-3)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
    def test_there_and_back_changes_no_colour(self, rgb: list[float]) -> None:
        pixel = torch.tensor(rgb).view(1, 3, 1, 1)
        back = lab_to_rgb(rgb_to_lab(pixel))
        torch.testing.assert_close(back, pixel, atol=2e-4, rtol=0)

    def test_no_shift_leaves_the_faces_alone(self, faces: Tensor) -> None:
        same = recolour(rgb_to_lab(faces), draws(len(faces)))
        torch.testing.assert_close(same, faces, atol=2e-4, rtol=0)

    def test_lightness_moves_part_of_the_way_to_white_or_black(self) -> None:
        gray = torch.full((2, 3, 8, 8), 0.5)
        shade = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]])
        lightness = rgb_to_lab(gray)[0, 0, 0, 0].item()
        shifted = rgb_to_lab(recolour(rgb_to_lab(gray), draws(2, shade=shade)))
        up, down = shifted[:, 0, 0, 0].tolist()
        assert up == pytest.approx(lightness + 0.3 * (100 - lightness), abs=0.01)
        assert down == pytest.approx(0.7 * lightness, abs=0.01)

    def test_colour_moves_on_its_eight_bit_scale(self) -> None:
        """Gray is 128 of 255 there: up by 8 % of 127, down by 8 % of 128."""
        gray = torch.full((2, 3, 8, 8), 0.5)
        shade = torch.tensor([[0, 1.0, 0], [0, 0, -1.0]])
        shifted = rgb_to_lab(recolour(rgb_to_lab(gray), draws(2, shade=shade)))
        assert shifted[0, 1, 0, 0].item() == pytest.approx(0.08 * 127, abs=0.02)
        assert shifted[1, 2, 0, 0].item() == pytest.approx(-0.08 * 128, abs=0.02)

    def test_contrast_changes_only_the_faces_chosen(self, faces: Tensor) -> None:
        chosen = torch.arange(len(faces)) % 2 == 0
        changed = recolour(rgb_to_lab(faces), draws(len(faces), has_contrast=chosen))
        moved = (changed - faces).abs().amax(dim=(1, 2, 3))
        assert (moved[chosen] > 0.05).all()
        assert (moved[~chosen] < 1e-3).all()


def slow_equalise(lightness: NDArray[np.float64], grid: int) -> NDArray[np.float64]:
    """CLAHE pixel by pixel, as its author describes it."""
    size = len(lightness)
    levels = np.round(lightness * (LEVELS - 1)).astype(int)
    tile = ((np.arange(size) + 0.5) / size * grid).astype(int)
    curves = np.zeros((grid, grid, LEVELS))
    for row in range(grid):
        for column in range(grid):
            part = levels[np.ix_(tile == row, tile == column)]
            histogram = np.bincount(part.ravel(), minlength=LEVELS).astype(float)
            limit = max(1.0, CONTRAST_CLIP * part.size / LEVELS)
            excess = np.maximum(histogram - limit, 0).sum()
            histogram = np.minimum(histogram, limit) + excess / LEVELS
            curves[row, column] = np.cumsum(histogram) / part.size
    result = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            y, x = ((np.array([i, j]) + 0.5) / size * grid - 0.5).tolist()
            top, left = int(np.floor(y)), int(np.floor(x))
            for row, part_y in ((top, 1 - (y - top)), (top + 1, y - top)):
                for column, part_x in ((left, 1 - (x - left)), (left + 1, x - left)):
                    at = np.clip([row, column], 0, grid - 1)
                    curve = curves[at[0], at[1]]
                    result[i, j] += part_y * part_x * curve[levels[i, j]]
    return result


class TestContrast:
    @pytest.mark.parametrize("size", [32, 37])
    def test_it_agrees_with_the_slow_method_for_mixed_grids(self, size: int) -> None:
        lightness = torch.rand(3, size, size, generator=generator()) ** 2
        grids = [2, 5, 3]
        ours = equalise(lightness, torch.tensor(grids))
        for image, before, grid in zip(ours, lightness, grids, strict=True):
            expected = slow_equalise(before.double().numpy(), grid)
            np.testing.assert_allclose(image, expected, atol=1e-5)

    def test_a_dull_image_gains_contrast(self) -> None:
        dull = 0.45 + 0.1 * torch.rand(1, 64, 64, generator=generator())
        assert equalise(dull, torch.tensor([2])).std() > 1.5 * dull.std()

    def test_lighter_pixels_stay_lighter_within_one_tile_curve(self) -> None:
        """With a single tile the change is one rising curve."""
        image = torch.rand(1, 32, 32, generator=generator())
        order = image.flatten().argsort()
        assert (equalise(image, torch.tensor([1])).flatten()[order].diff() >= 0).all()


class TestPlace:
    def test_no_change_leaves_the_faces_alone(self, faces: Tensor) -> None:
        same = move(faces, draws(len(faces)))
        torch.testing.assert_close(same, faces, atol=1e-5, rtol=0)

    def test_a_flip_mirrors_left_and_right(self, faces: Tensor) -> None:
        flips = torch.ones(len(faces), dtype=torch.bool)
        mirrored = move(faces, draws(len(faces), flips=flips))
        torch.testing.assert_close(mirrored, faces.flip(3), atol=1e-5, rtol=0)

    def test_a_shift_moves_right_and_down_and_repeats_the_border(self) -> None:
        faces = torch.rand(1, 3, 40, 40, generator=generator())
        place = torch.tensor([[0.0, 0.0, 1.0, -1.0]])  # 5 % of 40 px: 2 px
        moved = move(faces, draws(1, place=place))
        inner = moved[:, :, :-2, 2:]
        torch.testing.assert_close(inner, faces[:, :, 2:, :-2], atol=1e-5, rtol=0)
        edge = moved[:, :, :-2, :2]
        assert torch.allclose(edge, faces[:, :, 2:, :1].expand_as(edge), atol=1e-5)

    def test_a_flip_comes_after_the_shift(self) -> None:
        faces = torch.rand(1, 3, 40, 40, generator=generator())
        place = torch.tensor([[0.7, -0.4, 1.0, 0.3]])
        flipped = move(faces, draws(1, place=place, flips=torch.tensor([True])))
        plain = move(faces, draws(1, place=place))
        torch.testing.assert_close(flipped, plain.flip(3), atol=1e-4, rtol=0)

    def test_zooming_in_enlarges_by_five_percent(self) -> None:
        disc = self.disc(radius=0.5)
        zoomed = move(disc, draws(1, place=torch.tensor([[0.0, 1.0, 0.0, 0.0]])))
        assert (zoomed.mean() / disc.mean()).item() == pytest.approx(1.05**2, rel=0.01)

    def test_turning_goes_ten_degrees(self) -> None:
        """A dot to the right of the centre ends ten degrees up or down."""
        y, x = torch.meshgrid(*[torch.linspace(-1, 1, 101)] * 2, indexing="ij")
        dot = torch.exp(-((x - 0.6) ** 2 + y**2) / 0.005).expand(1, 3, 101, 101)
        turned = move(dot, draws(1, place=torch.tensor([[1.0, 0.0, 0.0, 0.0]])))[0, 0]
        at_x, at_y = ((turned * axis).sum() / turned.sum() for axis in (x, y))
        angle = torch.rad2deg(torch.atan2(at_y, at_x)).abs().item()
        assert angle == pytest.approx(10.0, abs=0.1)

    @staticmethod
    def disc(radius: float) -> Tensor:
        """A white disc on black, soft at the edge."""
        y, x = torch.meshgrid(*[torch.linspace(-1, 1, 128)] * 2, indexing="ij")
        inside = ((radius - (x**2 + y**2).sqrt()) * 32 + 0.5).clamp(0, 1)
        return inside.expand(1, 3, 128, 128)


class TestWarp:
    def test_control_points_at_rest_change_nothing(self, faces: Tensor) -> None:
        same = warp(faces, torch.zeros(len(faces), 2, 5, 5))
        torch.testing.assert_close(same, faces, atol=1e-5, rtol=0)

    def test_all_points_moved_alike_shift_the_face_and_leave_black(self) -> None:
        faces = 0.2 + 0.8 * torch.rand(1, 3, 64, 64, generator=generator())
        offsets = torch.zeros(1, 2, 5, 5)
        offsets[:, 0] = 4 / 64
        moved = warp(faces, offsets)
        torch.testing.assert_close(moved[..., :-4], faces[..., 4:], atol=1e-5, rtol=0)
        assert moved[..., -4:].abs().max() < 1e-5

    def test_points_are_joined_as_by_bilinear_enlarging(self) -> None:
        """Maps are enlarged to 1.25 sizes, then an eighth of one is cut all round."""
        offsets = WARP_NOISE * torch.randn(1, 2, 5, 5, generator=generator())
        enlarged = functional.interpolate(offsets, (80, 80), mode="bilinear")
        field = enlarged[:, :, 8:-8, 8:-8]
        axis = (torch.arange(64) + 0.5) / 32 - 1
        identity = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)
        grid = identity + 2 * field.permute(0, 2, 3, 1)
        face = torch.rand(1, 3, 64, 64, generator=generator(1))
        expected = functional.grid_sample(face, grid, align_corners=False)
        torch.testing.assert_close(warp(face, offsets), expected, atol=1e-4, rtol=0)


def test_shrinking_takes_the_mean_of_each_area() -> None:
    faces = torch.rand(2, 3, 96, 96, generator=generator())
    torch.testing.assert_close(shrink(faces, 32), functional.avg_pool2d(faces, 3))
    assert shrink(faces, 96) is faces
