"""Sharpness falls with blur, matched detail ignores noise, sheets have six columns."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import laplace
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.pictures import generate_faces
from experiments.workloads.faces.previews import (
    COLUMNS,
    HEADER_HEIGHT,
    matched_detail,
    preview_sheet,
    sharpness,
)


@pytest.fixture(scope="module")
def faces() -> Tensor:
    """Eight generated faces at 64 px."""
    return generate_faces(64, 8).train_a


def blur(faces: Tensor, width: int) -> Tensor:
    """Box blur of an odd width."""
    return functional.avg_pool2d(
        functional.pad(faces, (width // 2,) * 4, mode="replicate"), width, stride=1
    )


def noise_like(faces: Tensor, strength: float) -> Tensor:
    """Noise around gray."""
    generator = torch.Generator().manual_seed(0)
    return 0.5 + strength * torch.randn(faces.shape, generator=generator)


class TestSharpness:
    def test_the_originals_are_as_sharp_as_themselves(self, faces: Tensor) -> None:
        assert sharpness(faces, faces) == 1.0

    def test_the_wider_the_blur_the_lower(self, faces: Tensor) -> None:
        values = [sharpness(blur(faces, width), faces) for width in (1, 3, 5, 9)]
        assert values == sorted(values, reverse=True)
        assert values[1] < 0.35

    def test_flat_faces_have_none_and_noise_has_more_than_enough(
        self, faces: Tensor
    ) -> None:
        assert sharpness(torch.full_like(faces, 0.5), faces) == pytest.approx(
            0, abs=1e-6
        )
        assert sharpness(noise_like(faces, 0.3), faces) > 1.0

    def test_it_is_the_ratio_of_mean_squared_laplacians(self, faces: Tensor) -> None:
        weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
        energies = [
            (laplace((face * weights).sum(0).double().numpy())[1:-1, 1:-1] ** 2).mean()
            for face in (*blur(faces, 3), *faces)
        ]
        expected = sum(energies[:8]) / sum(energies[8:])
        assert sharpness(blur(faces, 3), faces) == pytest.approx(expected, rel=1e-4)

    @settings(max_examples=20, deadline=None)
    @given(st.floats(0.1, 1.0))
    def test_less_contrast_lowers_it_by_its_square(self, contrast: float) -> None:
        originals = noise_like(torch.empty(2, 3, 16, 16), 0.2)
        value = sharpness(contrast * originals, originals)
        assert value == pytest.approx(contrast**2, rel=1e-3)

    def test_the_order_of_the_faces_does_not_matter(self, faces: Tensor) -> None:
        soft = blur(faces, 3)
        value = sharpness(soft.flip(0), faces)
        assert value == pytest.approx(sharpness(soft, faces), rel=1e-5)

    def test_different_sizes_are_refused(self, faces: Tensor) -> None:
        with pytest.raises(ValueError, match="outputs are"):
            sharpness(faces[..., :32, :32], faces)

    def test_flat_originals_are_refused(self) -> None:
        with pytest.raises(ValueError, match="flat"):
            sharpness(torch.rand(1, 3, 16, 16), torch.zeros(1, 3, 16, 16))


class TestMatchedDetail:
    def test_the_originals_match_themselves(self, faces: Tensor) -> None:
        assert matched_detail(faces, faces) == pytest.approx(1.0)

    def test_noise_does_not_match(self, faces: Tensor) -> None:
        assert matched_detail(noise_like(faces, 0.05), faces) == pytest.approx(
            0, abs=0.05
        )

    def test_noise_on_top_changes_little(self, faces: Tensor) -> None:
        soft = blur(faces, 3)
        noisy = soft + noise_like(faces, 0.05) - 0.5
        value = matched_detail(noisy, faces)
        assert value == pytest.approx(matched_detail(soft, faces), abs=0.05)
        assert sharpness(noisy, faces) > 1.5 * sharpness(soft, faces)

    def test_the_wider_the_blur_the_lower(self, faces: Tensor) -> None:
        values = [matched_detail(blur(faces, width), faces) for width in (1, 3, 5, 9)]
        assert values == sorted(values, reverse=True)

    def test_other_faces_do_not_match(self, faces: Tensor) -> None:
        assert matched_detail(faces.roll(1, 0), faces) < 0.4

    def test_a_face_too_many_is_refused(self, faces: Tensor) -> None:
        with pytest.raises(ValueError, match="8 outputs for 7 originals"):
            matched_detail(faces, faces[:7])


class TestSheet:
    def test_columns_are_those_of_the_preview_window(self) -> None:
        assert COLUMNS == ("A", "A > A", "A > B", "B", "B > B", "B > A")

    def test_each_row_holds_six_faces_under_a_header(self, faces: Tensor) -> None:
        large = functional.interpolate(faces, (128, 128))
        sheet = preview_sheet([list(large[:6])] * 4)
        assert sheet.mode == "RGB"
        assert sheet.size == (6 * 128, HEADER_HEIGHT + 4 * 128)

    def test_faces_stand_where_their_column_says(self) -> None:
        grays = [torch.full((3, 128, 128), i / 10) for i in range(6)]
        sheet = preview_sheet([grays])
        middles = [sheet.getpixel((64 + 128 * i, HEADER_HEIGHT + 64)) for i in range(6)]
        assert middles == [(round(255 * i / 10),) * 3 for i in range(6)]

    def test_small_faces_are_enlarged_without_smoothing(self) -> None:
        checks = (torch.arange(16)[:, None] + torch.arange(16)[None]) % 2
        faces = checks.float().expand(3, 16, 16)
        sheet = preview_sheet([[faces] * 6])
        face = sheet.crop((0, HEADER_HEIGHT, 96, HEADER_HEIGHT + 96))
        assert {colour for _, colour in face.getcolors() or []} == {
            (0, 0, 0),
            (255, 255, 255),
        }

    def test_values_out_of_range_or_not_finite_can_still_be_shown(self) -> None:
        face = torch.zeros(3, 128, 128)
        face[0] = float("nan")
        face[1] = 7.0
        sheet = preview_sheet([[face] * 6])
        assert sheet.getpixel((64, HEADER_HEIGHT + 64)) == (0, 255, 0)

    @pytest.mark.parametrize("rows", [[], [[torch.zeros(3, 8, 8)] * 5]])
    def test_other_than_six_faces_a_row_is_refused(
        self, rows: list[list[Tensor]]
    ) -> None:
        with pytest.raises(ValueError, match="rows of 6 faces"):
            preview_sheet(rows)
