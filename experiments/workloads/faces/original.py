"""The Original face model: 64 px in, 64 px out, the bottleneck inside the encoder.

Source: deepfakes/faceswap, plugins/train/model/original.py, read as facts.
"""

from collections.abc import Mapping
from functools import partial

from torch import nn

from experiments.workloads.faces.autoencoder import (
    FaceAutoencoder,
    build_face_task,
    dense_to_square,
    describe_face_model,
)
from experiments.workloads.faces.blocks import Down, Up, up_and_out
from experiments.workloads.protocol import (
    Option,
    Task,
    WorkloadDescription,
    narrow,
    resolve_options,
)
from knowledge.records import RunConfig

SIZE = 64
OPTIONS = (Option("lowmem", False, (False, True)),)


def build_model(
    width_divisor: int = 1, options: Mapping[str, str] | None = None
) -> FaceAutoencoder:
    """The model at full width or as a proxy, on torch's current default device.

    Raises:
        BadValueError: An option does not exist or its value is not allowed.
    """
    chosen = resolve_options("original", OPTIONS, given=options or {})
    return FaceAutoencoder(
        _build_encoder(width_divisor, lowmem=chosen["lowmem"]),
        _build_decoder(width_divisor),
        _build_decoder(width_divisor),
        input_size=SIZE,
        output_size=SIZE,
        options=chosen,
    )


def build_task(config: RunConfig) -> Task:
    """The task of one run: the seeded model and its faces."""
    return build_face_task(config, build_model)


def describe(name: str, options: Mapping[str, str]) -> WorkloadDescription:
    """The model's shapes, options and parameter counts."""
    return describe_face_model(name, options, build_model)


def _build_encoder(width_divisor: int, *, lowmem: bool) -> nn.Sequential:
    width = partial(narrow, width_divisor=width_divisor)
    filters = [width(f) for f in (128, 256, 512, 1024)]
    if lowmem:
        filters.pop()
    side = SIZE // 2 ** len(filters)
    return nn.Sequential(
        *map(Down, [3, *filters], filters),
        *dense_to_square(
            filters[-1] * side * side,
            width(512 if lowmem else 1024),
            channels=width(1024),
            side=4,
        ),
        Up(width(1024), width(512)),
    )


def _build_decoder(width_divisor: int) -> nn.Sequential:
    filters = [narrow(f, width_divisor) for f in (512, 256, 128, 64)]
    return nn.Sequential(
        *map(Up, filters[:-2], filters[1:-1]), *up_and_out(*filters[-2:])
    )
