"""The brushes of the drawing: pictures are (n, 3, size, size)."""

import torch
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.people import Colour


def bell(distance: Tensor, width: float | Tensor) -> Tensor:
    """1 at distance 0, falling off like a Gaussian of this standard deviation.

    The far tail is cut at 1e-13: numbers below float's normal range are slow.
    """
    return (distance / width).square().mul_(-0.5).clamp_(min=-30.0).exp_()


def rgb(colour: Colour) -> Tensor:
    return torch.tensor(colour).view(1, 3, 1, 1)


def paint(canvas: Tensor, colour: Tensor, alpha: Tensor) -> None:
    """Paint a colour over the canvas (n, 3, size, size), in place."""
    canvas.lerp_(colour.expand_as(canvas), alpha[:, None])


def look_up(texture: Tensor, across: Tensor, along: Tensor) -> Tensor:
    """A texture (1, c, t, t) over -1..1 at these places: (n, c, size, size)."""
    places = torch.stack([across, along.expand_as(across)], dim=-1)
    return functional.grid_sample(
        texture.expand(len(places), -1, -1, -1),
        places,
        padding_mode="reflection",
        align_corners=False,
    )
