"""Previews of a face model: how sharp its faces are, and a sheet to look at.

Sharpness is what users judge by eye in the preview window, whose columns the sheet has.
Source: deepfakes/faceswap, lib/training/preview.py, read as facts.
"""

from collections.abc import Sequence
from statistics import fmean

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

COLUMNS = ("A", "A > A", "A > B", "B", "B > B", "B > A")
SMALLEST_CELL = 96  # pixels; smaller faces are enlarged without smoothing
HEADER_HEIGHT, FONT_SIZE = 24, 14
DETAIL_BLOCKS = (1, 2, 4)  # scales of detail, in pixels
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_LAPLACIAN = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))


def sharpness(outputs: Tensor, originals: Tensor) -> float:
    """Return the detail of the outputs relative to that of the originals.

    Detail is the mean squared Laplacian of the luma of (n, 3, h, w), RGB in 0..1: 1 is
    as sharp as the originals, 0 is flat. Noise counts as detail.

    Raises:
        ValueError: Heights or widths differ, or the originals are flat.
    """
    edges, originals_edges = _edges_of_both(outputs, originals)
    ratio = edges.square().mean() / originals_edges.square().mean()
    return ratio.item()


def matched_detail(outputs: Tensor, originals: Tensor) -> float:
    """Return the share of the originals' detail that is drawn where it belongs.

    The Laplacian of the outputs' luma regressed on that of the originals, at three
    scales (pixels, 2x2 and 4x4 blocks), averaged: 1 for the originals themselves, 0 for
    what is flat or noise alone. It grows while a model learns and falls only when faces
    get blurrier or wrong. For (n, 3, h, w), RGB in 0..1, h and w at least 12.

    Raises:
        ValueError: Shapes differ, or the originals are flat.
    """
    if len(outputs) != len(originals):
        raise ValueError(f"{len(outputs)} outputs for {len(originals)} originals")
    shares = []
    for block in DETAIL_BLOCKS:
        edges, originals_edges = _edges_of_both(
            functional.avg_pool2d(outputs, block),
            functional.avg_pool2d(originals, block),
        )
        share = (edges * originals_edges).mean() / originals_edges.square().mean()
        shares.append(share.item())
    return fmean(shares)


def preview_sheet(rows: Sequence[Sequence[Tensor]]) -> Image.Image:
    """Return a sheet: originals, own reconstructions and swaps, a row per face pair.

    Each row is six faces in the order of COLUMNS, (3, size, size), RGB in 0..1; what is
    not finite is shown black.

    Raises:
        ValueError: There are no rows, or one does not hold six faces.
    """
    if not rows or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"a preview needs rows of {len(COLUMNS)} faces")
    faces = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    faces = torch.nan_to_num(faces.detach().float().cpu(), 0.0, 0.0, 0.0)
    pixels = faces.clamp(0.0, 1.0).mul(255.0).round().byte()
    picture = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    size = rows[0][0].shape[-1]
    times = -(-SMALLEST_CELL // size)
    picture = picture.resize(
        (picture.width * times, picture.height * times), Image.Resampling.NEAREST
    )
    return _add_header(picture)


def _edges_of_both(outputs: Tensor, originals: Tensor) -> tuple[Tensor, Tensor]:
    """The Laplacians of both lumas, checked to be comparable."""
    if outputs.shape[1:] != originals.shape[1:]:
        raise ValueError(
            f"outputs are {tuple(outputs.shape[1:])}, "
            f"originals {tuple(originals.shape[1:])}"
        )
    originals_edges = _edges(originals)
    if not originals_edges.any():
        raise ValueError("the originals are flat: there is no detail to compare with")
    return _edges(outputs), originals_edges


def _edges(faces: Tensor) -> Tensor:
    """The Laplacian of the luma, (n, 1, h - 2, w - 2)."""
    luma = (faces * faces.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True)
    return functional.conv2d(luma, faces.new_tensor(_LAPLACIAN)[None, None])


def _add_header(picture: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (picture.width, picture.height + HEADER_HEIGHT), "white")
    sheet.paste(picture, (0, HEADER_HEIGHT))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    cell = picture.width / len(COLUMNS)
    for column, text in enumerate(COLUMNS):
        middle = ((column + 0.5) * cell, HEADER_HEIGHT / 2)
        draw.text(middle, text, fill="black", font=font, anchor="mm")
    split = picture.width // 2  # between the blocks of A and of B
    draw.line([(split, 0), (split, sheet.height)], fill="white", width=2)
    return sheet
