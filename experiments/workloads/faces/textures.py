"""What a person's skin and hair look like close by, as maps over the head."""

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.people import Person

Array = NDArray[np.float64]
DATA_SEED = 20210315
_MAP_SIZE = 512  # of the skin and hair maps, before shrinking to the picture's detail


@lru_cache(maxsize=4)
def build_maps(person: Person, size: int) -> tuple[Tensor, Tensor]:
    """The person's marks and shadows on the skin (1, 2, t, t), and hair (1, 1, t, t).

    Built once at full detail and averaged down to what a picture of this size shows.
    """
    rng = np.random.default_rng((DATA_SEED, int(person.hair_is_long)))
    axis = (np.arange(_MAP_SIZE) + 0.5) * 2.0 / _MAP_SIZE - 1.0
    x, y = axis[None, :], axis[:, None]
    pores = np.abs(rng.standard_normal((_MAP_SIZE, _MAP_SIZE)))
    marks = 0.05 * pores + person.freckles * _freckles(rng, x, y)
    shadow = person.beard * _beard(rng, x, y) + person.wrinkles * _wrinkles(x, y)
    shown = min(_MAP_SIZE, 2 ** math.ceil(math.log2(size)))
    skin = torch.from_numpy(np.stack([marks, shadow])).float()[None]
    hair = torch.from_numpy(_hair(rng)).float()[None, None]
    return (
        functional.adaptive_avg_pool2d(skin, shown).clamp_(0.0, 1.0),
        functional.adaptive_avg_pool2d(hair, shown),
    )


def _freckles(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Dots on cheeks and nose."""
    places = rng.normal((0.0, 0.14), (0.26, 0.11), (220, 2))
    radii = rng.uniform(0.006, 0.013, (220, 1))
    columns = np.exp(-(((x - places[:, :1]) / radii) ** 2) / 2)
    rows = np.exp(-(((y.T - places[:, 1:]) / radii) ** 2) / 2)
    dots: Array = 0.55 * np.clip(rows.T @ columns, 0.0, 1.0)
    return dots


def _beard(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Stubble on jaw, chin and above the lip, with single hairs in it."""
    jaw = 1 / (1 + np.exp(-(y - 0.36 + 0.1 * np.cos(3 * x) - 0.5 * x**2) / 0.035))
    lip = np.exp(-(((y - 0.345) / 0.035) ** 2)) * (np.abs(x) < 0.22)
    cells = rng.random((_MAP_SIZE // 4, _MAP_SIZE // 4))
    hairs = np.kron(cells, np.ones((4, 4)))
    density: Array = np.maximum(jaw, lip) * (0.22 + 0.62 * hairs**1.5)
    return density


def _wrinkles(x: Array, y: Array) -> Array:
    """Lines on the forehead, at the eyes' corners and from nose to mouth."""
    forehead = sum(
        np.exp(-(((y - at + 0.05 * x**2) / 0.009) ** 2)) for at in (-0.30, -0.36, -0.42)
    ) * np.exp(-((x / 0.26) ** 4))
    side = np.abs(x)
    corner = np.exp(-(((side - 0.44) / 0.05) ** 2)) * sum(
        np.exp(-(((y + 0.08 - slope * (side - 0.36)) / 0.007) ** 2))
        for slope in (-0.45, 0.0, 0.45)
    )
    fold = np.exp(-(((side - 0.17 - 0.32 * (y - 0.22)) / 0.012) ** 2))
    fold = fold * np.exp(-(((y - 0.31) / 0.09) ** 4))
    lines: Array = 0.42 * np.clip(forehead + corner + fold, 0.0, 1.0)
    return lines


def _hair(rng: np.random.Generator) -> Array:
    """Strands: noise that changes fast across and slowly along, about -1..1."""
    strands = np.zeros((_MAP_SIZE, _MAP_SIZE))
    for fine, weight in ((32, 0.35), (128, 0.35), (256, 0.45)):
        noise = rng.standard_normal((6, fine))
        image = Image.fromarray(noise.astype(np.float32))
        grown = image.resize((_MAP_SIZE, _MAP_SIZE), Image.Resampling.BICUBIC)
        strands += weight * np.asarray(grown)
    return np.clip(strands, -1.5, 1.5)
