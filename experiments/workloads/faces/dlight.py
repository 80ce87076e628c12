"""The DLight face model: 128 px in; decoder B much larger than decoder A.

128 px out, as the forum's claims are about (the original's default is 256). Batch norm
is in the "good" decoder B only.

Source: deepfakes/faceswap, plugins/train/model/dlight.py, read as facts.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.workloads.faces.autoencoder import (
    FaceAutoencoder,
    build_face_task,
    dense_to_square,
    describe_face_model,
)
from experiments.workloads.faces.blocks import (
    BLOCK_SLOPE,
    OUTER_SLOPE,
    Down,
    Fast,
    Hybrid,
    Out,
    Res,
    Up,
)
from experiments.workloads.protocol import (
    Option,
    Task,
    WorkloadDescription,
    narrow,
    resolve_options,
)
from knowledge.records import RunConfig

INPUT_SIZE = 128
BOTTLENECK_SIDE = 4
DROPOUT = 0.05
OPTIONS = (
    Option("features", "best", ("lowmem", "fair", "best")),
    Option("details", "good", ("fast", "good")),
    Option("output_size", 128, (128, 256, 384)),
)
BASE_FILTERS = {"lowmem": 48, "fair": 64, "best": 64}
BOTTLENECK_NODES = {"lowmem": 640, "fair": 1152, "best": 1664}
# Keras's defaults: its momentum 0.99 is 0.01 in PyTorch's convention.
NORM_MOMENTUM = 0.01
NORM_EPSILON = 1e-3


class CarryingDown(nn.Module):
    """A `Down` beside an average-pooled copy of its input, concatenated."""

    def __init__(self, in_channels: int, filters: int) -> None:
        super().__init__()
        self.down = Down(in_channels, filters)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, s, s) to (n, filters + c, s / 2, s / 2)."""
        pooled = functional.leaky_relu_(functional.avg_pool2d(x, 2), BLOCK_SLOPE)
        return torch.cat([self.down(x), pooled], dim=1)


def build_model(
    width_divisor: int = 1, options: Mapping[str, str] | None = None
) -> FaceAutoencoder:
    """The model at full width or as a proxy, on torch's current default device.

    Raises:
        BadValueError: An option does not exist or its value is not allowed.
    """
    chosen = resolve_options("dlight", OPTIONS, given=options or {})
    first_scale = chosen["output_size"] // 64
    build_b = _build_good_b if chosen["details"] == "good" else _build_fast_b
    return FaceAutoencoder(
        _build_encoder(width_divisor, features=chosen["features"]),
        _build_decoder_a(width_divisor, first_scale),
        build_b(width_divisor, first_scale),
        input_size=INPUT_SIZE,
        output_size=chosen["output_size"],
        options=chosen,
    )


def build_task(config: RunConfig) -> Task:
    """The task of one run: the seeded model and its faces."""
    return build_face_task(config, build_model)


def describe(name: str, options: Mapping[str, str]) -> WorkloadDescription:
    """The model's shapes, options and parameter counts (PyTorch's trainable ones)."""
    return describe_face_model(name, options, build_model)


def _build_encoder(width_divisor: int, *, features: str) -> nn.Sequential:
    base = BASE_FILTERS[features]
    stages: list[nn.Module] = []
    channels = 3
    for full_filters in (base // 2, base, 2 * base, 4 * base, 8 * base):
        filters = narrow(full_filters, width_divisor)
        stages.append(CarryingDown(channels, filters))
        channels += filters
    return nn.Sequential(
        *stages,
        *dense_to_square(
            channels * BOTTLENECK_SIDE**2,
            narrow(BOTTLENECK_NODES[features], width_divisor),
            channels=narrow(1024, width_divisor),
            side=BOTTLENECK_SIDE,
            dropout=DROPOUT,
        ),
    )


def _build_decoder_a(width_divisor: int, first_scale: int) -> nn.Sequential:
    filters = [narrow(f, width_divisor) for f in (1024, 256, 128, 64, 32)]
    return nn.Sequential(
        nn.Upsample(scale_factor=first_scale, mode="bilinear", align_corners=False),
        *map(Hybrid, filters, filters[1:]),
        Out(filters[-1]),
    )


def _build_good_b(width_divisor: int, first_scale: int) -> nn.Sequential:
    f1024, f512, f256, f128, f64 = (
        narrow(f, width_divisor) for f in (1024, 512, 256, 128, 64)
    )
    return nn.Sequential(
        Hybrid(f1024, f512, scale=first_scale, outer_slope=OUTER_SLOPE),
        Res(f512, bias=True),
        Res(f512, bias=False),
        Res(f512, bias=False),
        Hybrid(f512, f512, outer_slope=OUTER_SLOPE),
        Res(f512, bias=True),
        Res(f512, bias=False),
        nn.BatchNorm2d(f512, eps=NORM_EPSILON, momentum=NORM_MOMENTUM),
        Hybrid(f512, f256, outer_slope=OUTER_SLOPE),
        Res(f256, bias=True),
        Hybrid(f256, f128, outer_slope=OUTER_SLOPE),
        Res(f128, bias=False),
        nn.BatchNorm2d(f128, eps=NORM_EPSILON, momentum=NORM_MOMENTUM),
        Hybrid(f128, f64),
        Out(f64),
    )


def _build_fast_b(width_divisor: int, first_scale: int) -> nn.Sequential:
    filters = [narrow(f, width_divisor) for f in (512, 512, 256, 128, 64)]
    return nn.Sequential(
        Up(narrow(1024, width_divisor), filters[0], scale=first_scale),
        *map(Fast, filters, filters[1:]),
        Out(filters[-1]),
    )
