"""The RealFace model: no shared bottleneck, and an A decoder 2/3 as wide as B's.

Full widths are cut to whole numbers (int(512 / 1.5) = 341, then 170, 85, 42); a proxy
narrows each of those.

Source: deepfakes/faceswap, plugins/train/model/realface.py, read as facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from experiments.workloads.faces.autoencoder import (
    FaceAutoencoder,
    build_face_task,
    dense_to_square,
    describe_face_model,
)
from experiments.workloads.faces.blocks import OUTER_SLOPE, Down, Res, Up, up_and_out
from experiments.workloads.protocol import (
    Option,
    Task,
    WorkloadDescription,
    narrow,
    resolve_options,
)
from knowledge.records import RunConfig

OPTIONS = (
    Option("input_size", 64, range(64, 129, 16)),
    # The original's help text says steps of 16; its code accepts only 32.
    Option("output_size", 128, range(64, 257, 32)),
    Option("dense_nodes", 1536, range(768, 2049, 64)),
    Option("complexity_encoder", 128, range(96, 161, 4)),
    Option("complexity_decoder", 512, range(512, 545, 4)),
)


@dataclass(frozen=True)
class Sizes:
    """What follows from the two image sizes, at full width.

    Decoders start with `filters` channels of `side` x `side` and enlarge `upscales`
    times.
    """

    side: int
    upscales: int
    filters: int


def derive_sizes(input_size: int, output_size: int) -> Sizes:
    """The decoders' start: the side below 10 whose 16-fold is nearest the input size.

    A tie goes to the larger side with fewer upscales.

    >>> derive_sizes(64, 128), derive_sizes(96, 128)
    (Sizes(side=4, upscales=5, filters=1024), Sizes(side=8, upscales=4, filters=768))
    """
    candidates = [(output_size // 2**upscales, upscales) for upscales in (4, 5)]
    side, upscales = min(
        (pair for pair in candidates if pair[0] < 10),
        key=lambda pair: abs(pair[0] * 16 - input_size),
    )
    return Sizes(side, upscales, (1024 - 64 * (side - 4)) // 16 * 16)


def build_model(
    width_divisor: int = 1, options: Mapping[str, str] | None = None
) -> FaceAutoencoder:
    """The model at full width or as a proxy, on torch's current default device.

    Raises:
        BadValueError: An option does not exist or its value is not allowed.
    """
    chosen = resolve_options("realface", OPTIONS, given=options or {})
    return FaceAutoencoder(
        _build_encoder(width_divisor, chosen["complexity_encoder"]),
        _build_decoder_a(width_divisor, chosen),
        _build_decoder_b(width_divisor, chosen),
        input_size=chosen["input_size"],
        output_size=chosen["output_size"],
        options=chosen,
    )


def build_task(config: RunConfig) -> Task:
    """The task of one run: the seeded model and its faces."""
    return build_face_task(config, build_model)


def describe(name: str, options: Mapping[str, str]) -> WorkloadDescription:
    """The model's shapes, options and parameter counts."""
    return describe_face_model(name, options, build_model)


def _build_encoder(width_divisor: int, complexity: int) -> nn.Sequential:
    filters = [narrow(complexity * 2**stage, width_divisor) for stage in range(4)]
    layers: list[nn.Module] = []
    for before, f in zip([3, *filters], filters[:-1], strict=False):
        layers += [
            Down(before, f, slope=OUTER_SLOPE),
            Res(f, bias=True),
            Res(f, bias=True),
        ]
    return nn.Sequential(*layers, Down(filters[-2], filters[-1]))


def _build_decoder_a(width_divisor: int, options: Mapping[str, Any]) -> nn.Sequential:
    width = partial(narrow, width_divisor=width_divisor)
    sizes = derive_sizes(options["input_size"], options["output_size"])
    first = width(_two_thirds(sizes.filters))
    complexity = _two_thirds(options["complexity_decoder"])
    filters = [width(complexity // 2**i) for i in range(sizes.upscales - 1)]
    return nn.Sequential(
        *_start_decoder(
            width_divisor,
            options,
            nodes=_two_thirds(options["dense_nodes"]),
            filters=first,
        ),
        *map(Up, [first, *filters], filters[:-1]),
        *up_and_out(*filters[-2:]),
    )


def _build_decoder_b(width_divisor: int, options: Mapping[str, Any]) -> nn.Sequential:
    width = partial(narrow, width_divisor=width_divisor)
    sizes = derive_sizes(options["input_size"], options["output_size"])
    first = width(sizes.filters)
    complexity = options["complexity_decoder"]
    filters = [width(complexity // 2**i) for i in range(sizes.upscales - 1)]
    layers = _start_decoder(
        width_divisor, options, nodes=options["dense_nodes"], filters=first
    )
    for before, f in zip([first, *filters], filters[:-1], strict=False):
        layers += [
            Up(before, f, slope=OUTER_SLOPE),
            Res(f, bias=False),
            Res(f, bias=True),
        ]
    return nn.Sequential(*layers, *up_and_out(*filters[-2:]))


def _start_decoder(
    width_divisor: int, options: Mapping[str, Any], *, nodes: int, filters: int
) -> list[nn.Module]:
    """Dense layers, the first upscale and its residual block; `filters` is narrowed."""
    encoded_side = options["input_size"] // 16
    encoded_channels = narrow(options["complexity_encoder"] * 8, width_divisor)
    return [
        *dense_to_square(
            encoded_channels * encoded_side**2,
            narrow(nodes, width_divisor),
            channels=filters,
            side=derive_sizes(options["input_size"], options["output_size"]).side,
        ),
        Up(filters, filters, slope=OUTER_SLOPE),
        Res(filters, bias=False),
    ]


def _two_thirds(full_width: int) -> int:
    return int(full_width / 1.5)
