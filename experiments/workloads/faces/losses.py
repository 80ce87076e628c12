"""What face models are trained on: structural similarity plus mean squared error.

Two eras of one program, on different scales: patch SSIM until 2021, Gaussian SSIM
today. No face mask and no weight on eyes or mouth, as at its multiplier 1. Source:
deepfakes/faceswap, lib/model/losses and lib/training/loss.py, read as facts.

The gradient of SSIM is written out: a third of the passes that automatic
differentiation makes (measured: a quarter of its time at 128 px).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

FaceLoss = Callable[[Tensor, Tensor], Tensor]

PATCH = 3
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # K1, K2 squared, for values in 0..1


def face_loss(name: str) -> FaceLoss:
    """Return a recipe's loss: (output, target) -> scalar, for (n, 3, h, w) in 0..1.

    Args:
        name: `ssim-2021+mse` or `ssim+mse`.

    Raises:
        ValueError: No face loss has that name.
    """
    similarity = {"ssim-2021+mse": ssim_2021, "ssim+mse": ssim}.get(name)
    if similarity is None:
        raise ValueError(f"no face loss '{name}': ssim-2021+mse or ssim+mse")

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return similarity(output, target) + functional.mse_loss(output, target)

    return loss


def ssim_2021(output: Tensor, target: Tensor) -> Tensor:
    """Half of 1 - SSIM over 3x3 patches side by side, averaged; in 0..1.

    For (n, 3, h, w), h and w at least 3; the target gets no gradient. Statistics are
    over a patch's 27 values; rows and columns left over do not count.

    Source: deepfakes/faceswap 2021, lib/model/losses_tf.py, read as facts.
    """
    return 0.5 * _dissimilarity(output, target, Patches())


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM under an 11x11 Gaussian window (sigma 1.5) per channel, averaged; 0..2.

    For (n, channels, h, w), h and w at least 6, borders continued by reflection; the
    target gets no gradient.

    Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    return _dissimilarity(output, target, Windows())


class Neighbourhoods(Protocol):
    """Over which pixels the moments of SSIM are taken."""

    def means(self, images: Tensor) -> Tensor:
        """The local means of images (n, channels, h, w)."""
        ...

    def spread(self, values: Tensor, images: Tensor) -> Tensor:
        """The transpose of `means`: what each pixel of `images` gets of `values`."""
        ...


class Patches:
    """Patches of 3x3 pixels side by side, all channels together."""

    def means(self, images: Tensor) -> Tensor:
        """The patches' means, (n, h // 3, w // 3).

        Whole lines are added at a time: a tenth of the time of one sum over small axes.
        """
        _, channels, height, width = images.shape
        height, width = height - height % PATCH, width - width % PATCH
        first, second, third = (images[:, :, i:height:PATCH] for i in range(PATCH))
        of_channels = (first + second).add_(third).unbind(1)
        lines = sum(of_channels[1:], start=of_channels[0])
        first, second, third = (lines[..., i:width:PATCH] for i in range(PATCH))
        return (first + second).add_(third).mul_(1.0 / (channels * PATCH**2))

    def spread(self, values: Tensor, images: Tensor) -> Tensor:
        """A value over its patch, divided by the patch's size: (n, 1, h, w)."""
        _, channels, height, width = images.shape
        share = values * (1.0 / (channels * PATCH**2))
        down, across = (_patch_members(n).to(share) for n in (height, width))
        return (down @ (share @ across.T))[:, None]


@lru_cache(maxsize=8)
def _patch_members(size: int) -> Tensor:
    """Which pixel of a line lies in which patch, (size, size // 3) ones and zeros."""
    patch = torch.arange(size)[:, None] // PATCH
    return (patch == torch.arange(size // PATCH)).float()


class Windows:
    """A Gaussian window around each pixel, per channel, as products with a band matrix.

    On one core nine times faster than convolving at 64 px, fifteen at 128 (measured).
    """

    def means(self, images: Tensor) -> Tensor:
        """The windows' weighted means, (n, channels, h, w)."""
        down, across = self._weights(images)
        return down @ images @ across.T

    def spread(self, values: Tensor, images: Tensor) -> Tensor:
        """What each pixel adds to all windows, (n, channels, h, w)."""
        down, across = self._weights(images)
        return down.T @ values @ across

    @staticmethod
    def _weights(images: Tensor) -> tuple[Tensor, Tensor]:
        height, width = images.shape[-2:]
        return _window_weights(height).to(images), _window_weights(width).to(images)


@lru_cache(maxsize=8)
def _window_weights(size: int) -> Tensor:
    """What each pixel of a line weighs in the windows of all others, (size, size)."""
    reach = WINDOW // 2
    if size <= reach:
        raise ValueError(f"SSIM needs more than {reach} pixels a side, not {size}")
    offset = torch.arange(-reach, reach + 1)
    gaussian = torch.exp(-offset.square() / (2.0 * SIGMA**2))
    pixel = torch.arange(size)[:, None]
    source = (pixel + offset[None]).abs()
    source = torch.where(source >= size, 2 * (size - 1) - source, source)
    weights = torch.zeros(size, size)
    weights.scatter_add_(1, source, (gaussian / gaussian.sum()).expand(size, -1))
    return weights


def _dissimilarity(output: Tensor, target: Tensor, over: Neighbourhoods) -> Tensor:
    value: Tensor = _Dissimilarity.apply(output, target, over)  # type: ignore[no-untyped-call]
    return value


class _Dissimilarity(torch.autograd.Function):
    """The mean of 1 - SSIM, with its gradient for the output (not for the target).

    With local means x, y of output and target, s of the sum of their squares and p of
    their product, SSIM is (2xy + C1)(2(p - xy) + C2) / ((q + C1)(s - q + C2)), where
    q = x^2 + y^2. A pixel's gradient is the spread of the derivatives by x, s and p,
    those of s and p times what is squared or multiplied there.
    """

    @staticmethod
    def forward(
        ctx: Any, output: Tensor, target: Tensor, over: Neighbourhoods
    ) -> Tensor:
        x, y = over.means(output), over.means(target)
        s = over.means(torch.addcmul(output.square(), target, target))
        p = over.means(output * target)
        xy, q = x * y, torch.addcmul(x.square(), y, y)
        a, b = 2.0 * xy + C1, 2.0 * (p - xy) + C2
        c, d = q + C1, s - q + C2
        below = (c * d).reciprocal_()
        likeness = a * b * below
        if ctx.needs_input_grad[0]:
            by_p = 2.0 * a * below
            by_s = likeness / d
            by_x = y * (2.0 * b * below - by_p) + 2.0 * x * (by_s - likeness / c)
            ctx.save_for_backward(output, target, by_x, by_s, by_p)
            ctx.over = over
        return 1.0 - likeness.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        output, target, by_x, by_s, by_p = ctx.saved_tensors
        scale = -gradient / by_x.numel()
        of_x, of_s, of_p = (
            ctx.over.spread(part * (scale * factor), output)
            for part, factor in ((by_x, 1.0), (by_s, -2.0), (by_p, 1.0))
        )
        return torch.addcmul(of_x, of_s, output).addcmul_(of_p, target), None, None
