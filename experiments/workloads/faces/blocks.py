"""The building blocks of the three face models, to the letter of the original program.

Tensors are (n, channels, height, width). What differs from the obvious way:

- Kernels are stored channels-last, which makes the convolutions run that way: 33 to
  39 % less CPU time a step for proxies at 1/16 (measured).
- Strided convolutions pad as TensorFlow's "same" does: 1 px left and top, 2 px right
  and bottom.
- Pixel shuffle and flattening use PyTorch's order of channels, a mere relabelling.
- The last convolution is computed before the last pixel shuffle (`Out`).
- Large kernels that meet few pixels go through one product (`deep_convolution`).
- A stand-alone activation right after a block is the block's own: the two commute.

Source: deepfakes/faceswap, lib/model/nn_blocks.py and layers.py, read as facts.
"""

import math
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.workloads.faces.deep_convolution import deep_convolution, is_deep

BLOCK_SLOPE = 0.1
OUTER_SLOPE = 0.2


class Conv(nn.Conv2d):
    """A square convolution; He-uniform kernel (limit sqrt(6 / fan_in)), bias zero."""

    variance_scale: ClassVar[float] = 2.0

    def __init__(
        self,
        in_channels: int,
        filters: int,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        # As many zeros as "same" takes on an even side, the odd one at the end.
        zeros = kernel_size - stride
        self.pads = zeros // 2, zeros - zeros // 2
        is_even = self.pads[0] == self.pads[1]
        super().__init__(
            in_channels,
            filters,
            kernel_size,
            stride=stride,
            padding=self.pads[0] if is_even else 0,
            bias=bias,
        )
        self.weight.data = self.weight.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, filters, s / stride, s / stride)."""
        stride = self.stride[0]
        if is_deep(x, self.weight, stride=stride):
            return deep_convolution(
                x, self.weight, self.bias, stride=stride, pads=self.pads
            )
        if self.pads[0] != self.pads[1]:
            x = functional.pad(x, (*self.pads, *self.pads))
        return super().forward(x)

    def reset_parameters(self) -> None:
        """Draw the kernel from torch's current random state."""
        fan_in = self.weight[0].numel()
        limit = math.sqrt(3 * self.variance_scale / fan_in)
        nn.init.uniform_(self.weight, -limit, limit)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class DampedConv(Conv):
    """The second convolution of a residual block: limit sqrt(0.6 / fan_in)."""

    variance_scale: ClassVar[float] = 0.2


class Dense(nn.Linear):
    """A dense layer; Glorot-uniform kernel, bias zero, no activation."""

    def reset_parameters(self) -> None:
        """Draw the kernel from torch's current random state."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)


class Down(nn.Module):
    """Convolution 5x5 at stride 2, then leaky ReLU: half the side."""

    def __init__(
        self, in_channels: int, filters: int, *, slope: float = BLOCK_SLOPE
    ) -> None:
        super().__init__()
        self.conv = Conv(in_channels, filters, kernel_size=5, stride=2)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, filters, s / 2, s / 2); s is even."""
        return functional.leaky_relu_(self.conv(x), self.slope)


class Up(nn.Module):
    """Convolution 3x3, leaky ReLU, pixel shuffle: `scale` times the side.

    With `shuffles` off the last step is left to the `Out` that follows.
    """

    def __init__(
        self,
        in_channels: int,
        filters: int,
        *,
        scale: int = 2,
        slope: float = BLOCK_SLOPE,
        shuffles: bool = True,
    ) -> None:
        super().__init__()
        self.conv = Conv(in_channels, filters * scale**2)
        self.scale = scale
        self.slope = slope
        self.shuffles = shuffles

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, filters, scale * s, scale * s)."""
        y = functional.leaky_relu_(self.conv(x), self.slope)
        return functional.pixel_shuffle(y, self.scale) if self.shuffles else y


def up_and_out(in_channels: int, filters: int) -> list[nn.Module]:
    """The end of a decoder: an `Up` and an `Out`, computed as one."""
    return [Up(in_channels, filters, shuffles=False), Out(filters, shuffled=False)]


class Res(nn.Module):
    """Two convolutions 3x3 added to their input; leaky ReLU between and after."""

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__()
        self.first = Conv(channels, channels, bias=bias)
        self.second = DampedConv(channels, channels, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (n, channels, s, s)."""
        y = functional.leaky_relu_(self.first(x), OUTER_SLOPE)
        return functional.leaky_relu_(self.second(y).add_(x), OUTER_SLOPE)


class Hybrid(nn.Module):
    """Half the channels by pixel shuffle, half by bilinear upsampling, concatenated.

    `filters` is even. `outer_slope` activates the concatenation, not the first half.
    """

    def __init__(
        self,
        in_channels: int,
        filters: int,
        *,
        scale: int = 2,
        outer_slope: float | None = None,
    ) -> None:
        super().__init__()
        self.branches = TwoBranches(in_channels, filters // 2, scale=scale)
        self.outer_slope = outer_slope

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, filters, scale * s, scale * s)."""
        shuffled, smooth = self.branches(x)
        if self.outer_slope is None:
            shuffled = functional.leaky_relu_(shuffled, BLOCK_SLOPE)
            return torch.cat([shuffled, smooth], dim=1)
        both = torch.cat([shuffled, smooth], dim=1)
        return functional.leaky_relu_(both, self.outer_slope)


class Fast(nn.Module):
    """The sum of an activated pixel shuffle and a plain bilinear upsampling."""

    def __init__(self, in_channels: int, filters: int, *, scale: int = 2) -> None:
        super().__init__()
        self.branches = TwoBranches(in_channels, filters, scale=scale)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, filters, scale * s, scale * s)."""
        shuffled, smooth = self.branches(x)
        both: Tensor = functional.leaky_relu_(shuffled, BLOCK_SLOPE) + smooth
        return both


class TwoBranches(nn.Module):
    """The same input enlarged by pixel shuffle and by bilinear upsampling.

    One convolution computes what both need.
    """

    def __init__(self, in_channels: int, filters: int, *, scale: int) -> None:
        super().__init__()
        self.split = [filters * scale**2, filters]
        self.conv = Conv(in_channels, sum(self.split))
        self.scale = scale

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (n, in_channels, s, s) to two of (n, filters, scale * s, scale * s)."""
        shuffled, smooth = self.conv(x).split(self.split, dim=1)
        return (
            functional.pixel_shuffle(shuffled, self.scale),
            upsample(smooth, self.scale),
        )


class Out(nn.Module):
    """Convolution 5x5 and sigmoid, in float32 under mixed precision too.

    Computed before the last pixel shuffle, as a convolution 3x3 from four times the
    channels to four times three: the same sums in half the time (measured: 0.4 to 0.7
    of it, at 4 to 64 channels).
    """

    def __init__(
        self, in_channels: int, channels: int = 3, *, shuffled: bool = True
    ) -> None:
        super().__init__()
        self.conv = Conv(in_channels, channels, kernel_size=5)
        self.shuffled = shuffled

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, s, s) to (n, channels, s, s), each in 0..1; s is even.

        With `shuffled` off the input is what a pixel shuffle by 2 would take. The
        result is stored channels-first, like the targets.
        """
        device = x.device.type
        if not torch.amp.is_autocast_available(device):  # such as meta
            return self._draw(x)
        with torch.autocast(device, enabled=False):
            return self._draw(x.float())

    def _draw(self, x: Tensor) -> Tensor:
        if self.shuffled:
            x = functional.pixel_unshuffle(x, 2)
        weight, bias = self.conv.weight, self.conv.bias
        assert bias is not None
        drawn = functional.conv2d(
            x, fold_kernel(weight), bias.repeat_interleave(4), padding=1
        )
        # A pixel shuffle by hand, straight to channels-first: twice as fast here.
        count, channels, height, width = drawn.shape
        parts = drawn.view(count, channels // 4, 2, 2, height, width)
        faces = parts.permute(0, 1, 4, 2, 5, 3)
        return torch.sigmoid(faces.reshape(count, channels // 4, 2 * height, 2 * width))


def fold_kernel(kernel: Tensor) -> Tensor:
    """The kernel 3x3 before a pixel shuffle by 2 that acts like one of 5x5 after it.

    From (channels, in_channels, 5, 5) to (4 * channels, 4 * in_channels, 3, 3).
    """
    channels, before = kernel.shape[:2]
    places = _fold_places().to(kernel)
    spread = kernel.reshape(channels * before, 25) @ places
    folded = spread.view(channels, before, 4, 4, 9).permute(0, 2, 4, 1, 3)
    folded = folded.reshape(4 * channels, 3, 3, 4 * before)
    return folded.permute(0, 3, 1, 2)  # channels-last


@lru_cache(maxsize=1)
def _fold_places() -> Tensor:
    """Which of 25 weights goes where in a folded kernel, (25, 4 * 4 * 9) of 0 and 1.

    On each axis, weight k of output pixel 2i + a looks at pixel 2i + a + k - 2, which
    is half `b` of pixel pair i + d.
    """
    line = torch.zeros(5, 2, 2, 3)
    for a in range(2):
        for k in range(5):
            d, b = divmod(a + k - 2, 2)
            line[k, a, b, d + 1] = 1.0
    return torch.einsum("iabc,jdef->ijadbecf", line, line).reshape(25, 144)


def upsample(x: Tensor, scale: int) -> Tensor:
    """Enlarge (n, channels, s, s) `scale` times, bilinear with half-pixel centres."""
    return functional.interpolate(
        x, scale_factor=float(scale), mode="bilinear", align_corners=False
    )
