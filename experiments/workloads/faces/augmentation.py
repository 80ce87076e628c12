"""Augmentation of a step's faces: one stack, one pass, a pure function of a generator.

All random numbers are drawn on the CPU, in one order, so a batch is the same on every
device. Order and strengths are those of the program whose users' reports we test.
Source: deepfakes/faceswap, lib/training/data, read as facts.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

LIGHTNESS, COLOUR = 0.30, 0.08  # of the way to the end of an 8-bit channel's range
CONTRAST_SHARE, CONTRAST_CLIP = 0.5, 2.0  # CLAHE: of the images; times a flat histogram
CONTRAST_STEPS = 5  # grids to choose from, coarse to fine
ROTATION_DEGREES, ZOOM, SHIFT = 10.0, 0.05, 0.05
FLIP_SHARE = 0.5
WARP_POINTS, WARP_NOISE = 5, 5.0 / 256.0  # control points a side; of the picture's size
LEVELS = 256

# sRGB (IEC 61966-2-1) and CIE L*a*b* under D65, 2 degree observer.
_XYZ_FROM_LINEAR = torch.tensor(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
) / torch.tensor([[0.95047], [1.0], [1.08883]])  # relative to the white point
_LINEAR_FROM_XYZ = torch.linalg.inv(_XYZ_FROM_LINEAR)
_BENT_FROM_LAB = torch.tensor(
    [[1 / 116, 1 / 500, 0.0], [1 / 116, 0.0, 0.0], [1 / 116, 0.0, -1 / 200]]
)
_SRGB_KNEE = 0.0031308  # in linear light
_LAB_KNEE, _LAB_SLOPE, _LAB_OFFSET = 6 / 29, 841 / 108, 4 / 29


def augment(
    lab: Tensor, generator: torch.Generator, *, input_size: int, output_size: int
) -> tuple[Tensor, Tensor]:
    """Return the faces to feed (warped) and to reconstruct (not warped), RGB in 0..1.

    Args:
        lab: Faces, (n, 3, size, size), from `rgb_to_lab`; at least as large as both.
        generator: On the CPU; the only source of chance.
        input_size: Side of the faces fed, in pixels.
        output_size: Side of the targets, in pixels.
    """
    count, _, size, _ = lab.shape
    draws = _Draws.of(count, size, generator)
    placed = move(recolour(lab, draws), draws)
    warped = warp(placed, draws.warp)
    return shrink(warped, input_size), shrink(placed, output_size)


@dataclass(frozen=True)
class _Draws:
    """What chance decides for each image of one stack; on the CPU.

    `shade` (n, 3) in -1..1 for L, a, b; `has_contrast` (n,) bool and `grid` (n,), the
    tiles a side for CLAHE; `place` (n, 4) in -1..1 for rotation, zoom, right, down;
    `flips` (n,) bool; `warp` (n, 2, 5, 5), offsets in picture widths.
    """

    shade: Tensor
    has_contrast: Tensor
    grid: Tensor
    place: Tensor
    flips: Tensor
    warp: Tensor

    @classmethod
    def of(cls, count: int, size: int, generator: torch.Generator) -> "_Draws":
        """Draw for `count` images of a working size."""
        uniform = torch.rand(count, 10, generator=generator)
        base = max(2, size // 128)
        steps = (uniform[:, 8] * CONTRAST_STEPS).long()
        noise = torch.randn(count, 2, WARP_POINTS, WARP_POINTS, generator=generator)
        return cls(
            shade=uniform[:, 0:3] * 2.0 - 1.0,
            has_contrast=uniform[:, 7] < CONTRAST_SHARE,
            grid=base + steps * (base // 2),
            place=uniform[:, 3:7] * 2.0 - 1.0,
            flips=uniform[:, 9] < FLIP_SHARE,
            warp=noise * WARP_NOISE,
        )


# Colour -------------------------------------------------------------------------------


def recolour(lab: Tensor, draws: _Draws) -> Tensor:
    """Shift lightness and colour, then even out the contrast of some faces (CLAHE).

    From (n, 3, size, size) as `rgb_to_lab` gives it to RGB in 0..1.
    """
    # The shifts are defined on 8-bit channels: L scaled to 0..255, a and b plus 128.
    amount = draws.shade * torch.tensor([LIGHTNESS, COLOUR, COLOUR])
    top, bottom = torch.tensor([100.0, 127.0, 127.0]), torch.tensor([0.0, -128, -128])
    pull = amount.abs()
    push = torch.where(amount > 0, top, bottom) * pull
    keep, push = (x[:, :, None, None].to(lab) for x in (1.0 - pull, push))
    shifted = torch.addcmul(push, lab, keep)
    chosen = draws.has_contrast.nonzero()[:, 0]
    if len(chosen):
        at = chosen.to(lab.device)
        lightness = shifted[:, 0].index_select(0, at)
        even = equalise(lightness.mul_(0.01), draws.grid[chosen])
        shifted[:, 0].index_copy_(0, at, even.mul_(100.0))
    return lab_to_rgb(shifted)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """CIE L*a*b* (D65) of sRGB images (n, 3, h, w) in 0..1; L in 0..100.

    Source: IEC 61966-2-1 for sRGB; CIE 15 for L*a*b*.
    """
    curved = _power((rgb + 0.055) / 1.055, 2.4)
    linear = torch.where(rgb > 0.04045, curved, rgb / 12.92)
    xyz = _mix(linear, _XYZ_FROM_LINEAR)
    straight = xyz * _LAB_SLOPE + _LAB_OFFSET
    bent = torch.where(xyz > _LAB_KNEE**3, _power(xyz, 1 / 3), straight)
    x, y, z = bent.unbind(1)
    return torch.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], dim=1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """The inverse of `rgb_to_lab`; colours outside sRGB are cut to 0..1."""
    # Both curves are a power above a knee and straight below. Their sum, each held at
    # the knee on its other side, is the same and twice as fast as torch.where.
    bent = _mix(lab, _BENT_FROM_LAB).add_(16 / 116)
    high, low = bent.clamp(min=_LAB_KNEE), bent.clamp_(max=_LAB_KNEE).sub_(_LAB_KNEE)
    xyz = (high * high).mul_(high).add_(low, alpha=1.0 / _LAB_SLOPE)
    linear = _mix(xyz, _LINEAR_FROM_XYZ).clamp_(max=1.0)
    low = linear.clamp(0.0, _SRGB_KNEE).sub_(_SRGB_KNEE).mul_(12.92)
    curved = _power(linear.clamp_(min=_SRGB_KNEE), 1 / 2.4)
    return low.add_(curved, alpha=1.055).sub_(0.055)


def _power(base: Tensor, exponent: float) -> Tensor:
    """A power of what is positive, three times as fast as `**`."""
    return base.clamp(min=1e-6).log_().mul_(exponent).exp_()


def _mix(image: Tensor, matrix: Tensor) -> Tensor:
    """Multiply every pixel's three channels by a 3x3 matrix."""
    return (matrix.to(image) @ image.flatten(2)).view(image.shape)


def equalise(lightness: Tensor, grid: Tensor) -> Tensor:
    """Even out contrast tile by tile, limited so that noise stays noise (CLAHE).

    Each tile's histogram of 256 levels is cut at CONTRAST_CLIP times its mean, what was
    cut is spread evenly, and its running sum is the new lightness; between tile centres
    the four nearest are blended.

    Args:
        lightness: Shape (n, size, size), in 0..1; so is the result.
        grid: Tiles a side for each image, shape (n,), int64.

    Source: K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics
    Gems IV, 1994.
    """
    count, size, _ = lightness.shape
    device = lightness.device
    most = int(grid.max())
    grid = grid.to(device)[:, None]
    # Places in one long table of curves: in 32 bits, a third of the time of 64.
    level = (lightness * (LEVELS - 1)).round_().clamp_(0, LEVELS - 1).int()
    image = torch.arange(count, device=device, dtype=torch.int32)[:, None, None]
    level += image * (most * most * LEVELS)
    centre = (torch.arange(size, device=device) + 0.5) / size
    where = centre * grid  # (n, size), in tiles from the edge

    def place(row: Tensor, column: Tensor) -> Tensor:
        """Where the curves of tiles, (n, size) each way, have a pixel's level."""
        down = (row * (most * LEVELS)).int()[:, :, None]
        return level + (down + (column * LEVELS).int()[:, None, :])

    tile = where.long()
    histogram = torch.bincount(
        place(tile, tile).flatten(), minlength=count * most * most * LEVELS
    )
    curves = _clipped_sums(histogram.view(-1, LEVELS).to(lightness)).flatten()

    before = (where - 0.5).floor()
    share = (where - 0.5) - before
    low = before.clamp(min=0).long()
    high = torch.minimum(before.long() + 1, grid - 1)
    rows, columns = share[:, :, None], share[:, None, :]

    def look_up(row: Tensor, column: Tensor) -> Tensor:
        new = curves.index_select(0, place(row, column).flatten())
        return new.view(count, size, size)

    upper = look_up(low, low).lerp_(look_up(low, high), columns)
    lower = look_up(high, low).lerp_(look_up(high, high), columns)
    return upper.lerp_(lower, rows)


def _clipped_sums(histogram: Tensor) -> Tensor:
    """Running sums (0..1) of histograms (n, levels), clipped; 0 for empty ones."""
    total = histogram.sum(dim=1, keepdim=True).clamp(min=1.0)
    limit = (CONTRAST_CLIP * total / LEVELS).clamp(min=1.0)
    cut = histogram.minimum(limit)
    spread = (total - cut.sum(dim=1, keepdim=True)) / LEVELS
    return ((cut + spread).cumsum(dim=1) / total).clamp_(max=1.0)


# Place and warp -----------------------------------------------------------------------


def move(faces: Tensor, draws: _Draws) -> Tensor:
    """Rotate, zoom, shift and mirror in one sampling; borders are repeated."""
    turn, zoom, right, down = draws.place.unbind(1)
    turn = torch.deg2rad(turn * ROTATION_DEGREES)
    scale = 1.0 / (1.0 + zoom * ZOOM)
    mirror = 1.0 - 2.0 * draws.flips.float()
    cos, sin = turn.cos() * scale, turn.sin() * scale
    # Where an output pixel comes from; a picture is 2 wide in these coordinates.
    right, down = right * 2.0 * SHIFT, down * 2.0 * SHIFT
    rows = [
        torch.stack([cos * mirror, sin, -cos * right - sin * down], dim=1),
        torch.stack([-sin * mirror, cos, sin * right - cos * down], dim=1),
    ]
    matrix = torch.stack(rows, dim=1).to(faces)
    size = faces.shape[-1]
    grid = (matrix @ _places(size).to(faces)).view(-1, 2, size, size)
    return functional.grid_sample(
        faces, grid.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )


@lru_cache(maxsize=8)
def _places(size: int) -> Tensor:
    """Right, down and 1 of every pixel, (3, size * size); a picture is 2 wide.

    Six times as fast as torch's own affine grid (measured).
    """
    line = (2.0 * torch.arange(size) + 1.0) / size - 1.0
    right, down = line.expand(size, size), line[:, None].expand(size, size)
    return torch.stack([right, down, torch.ones(size, size)]).flatten(1)


def warp(faces: Tensor, offsets: Tensor) -> Tensor:
    """Bend faces (n, 3, size, size) smoothly; what comes from outside is black.

    `offsets` (n, 2, 5, 5) of control points, right and down, are in picture widths.
    """
    size = faces.shape[-1]
    spread = _warp_weights(size).to(faces)
    moved = spread @ (2.0 * offsets.to(faces)) @ spread.T
    moved += _places(size)[:2].view(2, size, size).to(faces)
    return functional.grid_sample(
        faces, moved.permute(0, 2, 3, 1), padding_mode="zeros", align_corners=False
    )


@lru_cache(maxsize=8)
def _warp_weights(size: int) -> Tensor:
    """What control points weigh in each row, (size, 5); the outer ones are on the edge.

    The points are enlarged bilinearly to 1.25 sizes, less an eighth at each end.
    """
    place = (torch.arange(size) + 0.5) / size
    points = torch.arange(WARP_POINTS)
    spread = 1.0 - (place[:, None] * (WARP_POINTS - 1) - points[None]).abs()
    return spread.clamp(min=0.0)


def shrink(faces: Tensor, size: int) -> Tensor:
    """The faces at a smaller size, every new pixel the mean of its area."""
    if faces.shape[-1] == size:
        return faces
    if faces.shape[-1] == 2 * size:  # the usual case; four times as fast (measured)
        lines = faces[:, :, 0::2] + faces[:, :, 1::2]
        return (lines[..., 0::2] + lines[..., 1::2]).mul_(0.25)
    return functional.interpolate(faces, (size, size), mode="area")
