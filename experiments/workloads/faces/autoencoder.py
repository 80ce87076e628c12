"""The shape the three face models share: one encoder, a decoder for each side."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from experiments.workloads.faces.blocks import Dense
from experiments.workloads.protocol import (
    OptionValue,
    Parameters,
    Task,
    WorkloadDescription,
    count_parameters,
)
from knowledge.names import WorkloadName
from knowledge.records import RunConfig


class FaceAutoencoder(nn.Module):
    """A shared encoder and two decoders; faces are (n, 3, size, size) in 0..1.

    Sizes are sides in pixels; `options` are those the model was built with.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder_a: nn.Module,
        decoder_b: nn.Module,
        *,
        input_size: int,
        output_size: int,
        options: Mapping[str, OptionValue],
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder_a = decoder_a
        self.decoder_b = decoder_b
        self.input_size = input_size
        self.output_size = output_size
        self.options = dict(options)

    def forward(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct both sides, each with its decoder, in one pass of the encoder."""
        encoded = self.encode(torch.cat([faces_a, faces_b]))
        encoded_a, encoded_b = encoded[: len(faces_a)], encoded[len(faces_a) :]
        return self.decode_a(encoded_a), self.decode_b(encoded_b)

    def encode(self, faces: Tensor) -> Tensor:
        """What the decoders draw from, for faces of either side."""
        faces = faces.contiguous(memory_format=torch.channels_last)
        encoded: Tensor = self.encoder(faces)
        return encoded

    def decode_a(self, encoded: Tensor) -> Tensor:
        """Faces of A; from an encoded B this is the swap."""
        faces: Tensor = self.decoder_a(encoded)
        return faces

    def decode_b(self, encoded: Tensor) -> Tensor:
        """Faces of B; from an encoded A this is the swap."""
        faces: Tensor = self.decoder_b(encoded)
        return faces


ModelBuilder = Callable[[int, Mapping[str, str]], FaceAutoencoder]


def dense_to_square(
    in_features: int, nodes: int, *, channels: int, side: int, dropout: float = 0.0
) -> list[nn.Module]:
    """Layers of a bottleneck: flatten, two dense layers, (n, channels, side, side).

    No activation; dropout, if any, follows each dense layer.
    """
    return [
        nn.Flatten(),
        Dense(in_features, nodes),
        *([nn.Dropout(dropout)] if dropout else []),
        Dense(nodes, channels * side * side),
        *([nn.Dropout(dropout)] if dropout else []),
        nn.Unflatten(1, (channels, side, side)),
    ]


def build_face_task(config: RunConfig, build_model: ModelBuilder) -> Task:
    """The task of one run; seeds torch, so weights depend on `config.seed` alone."""
    # Describing a model needs no image libraries, so they are loaded here.
    from experiments.workloads.faces.task import FaceTask

    torch.manual_seed(config.seed)
    width_divisor = WorkloadName.parse(config.workload).width_divisor
    model = build_model(width_divisor, config.options)
    return FaceTask(
        model, config, input_size=model.input_size, output_size=model.output_size
    )


def describe_face_model(
    name: str, options: Mapping[str, str], build_model: ModelBuilder
) -> WorkloadDescription:
    """The description of a face model, counted on the meta device (no memory)."""
    with torch.device("meta"):
        model = build_model(WorkloadName.parse(name).width_divisor, options)
    return WorkloadDescription(
        name=name,
        input_shape=(model.input_size, model.input_size, 3),
        output_shape=(model.output_size, model.output_size, 3),
        options=model.options,
        parameters=Parameters(
            total=count_parameters(model),
            encoder=count_parameters(model.encoder),
            decoder_a=count_parameters(model.decoder_a),
            decoder_b=count_parameters(model.decoder_b),
        ),
    )
