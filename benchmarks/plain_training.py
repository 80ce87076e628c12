"""The loop everybody would write first: what our training steps are compared with.

The same models with the same weights, as their definitions read: one module for each
line, channels first, each branch its own convolution, each side its own pass through
the encoder, PyTorch's Adam as it comes, a loss differentiated by PyTorch. Data and
augmentation are those of our own task.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.training.stepping import step_seed
from experiments.workloads.digits.task import DigitsTask
from experiments.workloads.faces.autoencoder import FaceAutoencoder
from experiments.workloads.faces.blocks import (
    BLOCK_SLOPE,
    OUTER_SLOPE,
    Conv,
    Down,
    Fast,
    Hybrid,
    Out,
    Res,
    TwoBranches,
    Up,
)
from experiments.workloads.faces.dlight import CarryingDown
from experiments.workloads.faces.losses import C1, C2, PATCH, SIGMA, WINDOW
from experiments.workloads.faces.task import FaceTask
from experiments.workloads.protocol import build_task
from knowledge.recipes import RECIPES
from knowledge.records import RunConfig


class PlainStepper:
    """A run trained by the plain loop; `take` is that of our own stepper.

    Args:
        config: An Adam recipe in fp32, on the CPU.
        dtype: Of the arithmetic; in float64 it shows what rounding does to the others.
    """

    def __init__(
        self, config: RunConfig, *, dtype: torch.dtype = torch.float32
    ) -> None:
        recipe = RECIPES[config.recipe]
        self.config = config
        self.task = build_task(config)
        self.model = plainly(self.task.model).to(dtype)
        self._dtype = dtype
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=config.learning_rate,
            betas=recipe.betas or (0.9, 0.999),
            eps=recipe.epsilon or 1e-8,
        )
        if isinstance(self.task, FaceTask):
            self.task.model = self.model  # ours need not be kept
            self._loss = plain_loss(recipe.loss)

    def take(self, step: int) -> Tensor:
        """Take one optimizer step and return the loss before it."""
        torch.manual_seed(step_seed(self.config.seed, step))
        self.optimizer.zero_grad()
        loss = self.loss(step)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()

    def loss(self, step: int) -> Tensor:
        """The loss of a step's batch, with its graph."""
        if not isinstance(self.task, FaceTask):
            task = cast(DigitsTask, self.task)
            images, labels = task.examples(step)
            logits = self.model(images.to(self._dtype))
            return functional.cross_entropy(logits, labels)
        inputs, targets = (x.to(self._dtype) for x in self.task.batch(step))
        outputs = self.model(*inputs.chunk(2))
        a, b = (
            self._loss(drawn, wanted)
            for drawn, wanted in zip(outputs, targets.chunk(2), strict=True)
        )
        return a + b


def plainly(module: nn.Module) -> nn.Module:
    """Return a model written the ordinary way, with copies of the weights."""
    if isinstance(module, FaceAutoencoder):
        return _Autoencoder(module)
    if isinstance(module, nn.Sequential):
        return nn.Sequential(*map(plainly, module))
    for kind, write in _PLAIN.items():
        if type(module) is kind:
            return write(module)
    return _copied(module)


def plain_loss(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a face loss written the ordinary way, by the name a recipe has for it."""
    return {"ssim-2021+mse": _plain_ssim_2021, "ssim+mse": _plain_ssim}[name]


# Blocks -------------------------------------------------------------------------------


class _Autoencoder(nn.Module):
    def __init__(self, ours: FaceAutoencoder) -> None:
        super().__init__()
        self.encoder = plainly(ours.encoder)
        self.decoder_a = plainly(ours.decoder_a)
        self.decoder_b = plainly(ours.decoder_b)

    def forward(self, faces_a: Tensor, faces_b: Tensor) -> tuple[Tensor, Tensor]:
        return (
            self.decoder_a(self.encoder(faces_a)),
            self.decoder_b(self.encoder(faces_b)),
        )


class _Res(nn.Module):
    def __init__(self, ours: Res) -> None:
        super().__init__()
        self.first, self.second = _conv(ours.first), _conv(ours.second)
        self.activation = nn.LeakyReLU(OUTER_SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.activation(self.first(x)))
        activated: Tensor = self.activation(y + x)
        return activated


class _TwoBranches(nn.Module):
    def __init__(self, ours: TwoBranches) -> None:
        super().__init__()
        weights = torch.split(ours.conv.weight, ours.split)
        biases = torch.split(cast(Tensor, ours.conv.bias), ours.split)
        self.sharp, self.smooth = map(_conv_of, weights, biases)
        self.shuffle = nn.PixelShuffle(ours.scale)
        self.enlarge = nn.Upsample(scale_factor=ours.scale, mode="bilinear")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.shuffle(self.sharp(x)), self.enlarge(self.smooth(x))


class _Hybrid(nn.Module):
    def __init__(self, ours: Hybrid) -> None:
        super().__init__()
        self.branches = _TwoBranches(ours.branches)
        self.outer_slope = ours.outer_slope

    def forward(self, x: Tensor) -> Tensor:
        sharp, smooth = self.branches(x)
        if self.outer_slope is None:
            sharp = functional.leaky_relu(sharp, BLOCK_SLOPE)
            return torch.cat([sharp, smooth], dim=1)
        both = torch.cat([sharp, smooth], dim=1)
        return functional.leaky_relu(both, self.outer_slope)


class _Fast(nn.Module):
    def __init__(self, ours: Fast) -> None:
        super().__init__()
        self.branches = _TwoBranches(ours.branches)

    def forward(self, x: Tensor) -> Tensor:
        sharp, smooth = self.branches(x)
        both: Tensor = functional.leaky_relu(sharp, BLOCK_SLOPE) + smooth
        return both


class _CarryingDown(nn.Module):
    def __init__(self, ours: CarryingDown) -> None:
        super().__init__()
        self.down = plainly(ours.down)

    def forward(self, x: Tensor) -> Tensor:
        pooled = functional.leaky_relu(functional.avg_pool2d(x, 2), BLOCK_SLOPE)
        return torch.cat([self.down(x), pooled], dim=1)


def _down(ours: Down) -> nn.Module:
    before, after = ours.conv.pads
    return nn.Sequential(
        nn.ZeroPad2d((before, after, before, after)),
        _conv(ours.conv),
        nn.LeakyReLU(ours.slope),
    )


def _up(ours: Up) -> nn.Module:
    return nn.Sequential(
        _conv(ours.conv), nn.LeakyReLU(ours.slope), nn.PixelShuffle(ours.scale)
    )


def _out(ours: Out) -> nn.Module:
    return nn.Sequential(_conv(ours.conv), nn.Sigmoid())


def _conv(ours: Conv) -> nn.Conv2d:
    before, after = ours.pads
    return _conv_of(
        ours.weight,
        ours.bias,
        stride=ours.stride[0],
        padding=before if before == after else 0,
    )


def _conv_of(
    weight: Tensor, bias: Tensor | None, *, stride: int = 1, padding: int = 1
) -> nn.Conv2d:
    filters, channels, side, _ = weight.shape
    conv = nn.Conv2d(
        channels, filters, side, stride, padding, bias=bias is not None
    ).to(device=weight.device)
    with torch.no_grad():
        conv.weight.copy_(weight)
        if conv.bias is not None and bias is not None:
            conv.bias.copy_(bias)
    return conv


def _copied(module: nn.Module) -> nn.Module:
    """A layer that is plain already; its numbers are copied where they stand."""
    for parameter in module.parameters():
        parameter.data = parameter.data.clone()
    return module


_PLAIN: dict[type[nn.Module], Callable[..., nn.Module]] = {
    Down: _down,
    Up: _up,
    Out: _out,
    Res: _Res,
    Hybrid: _Hybrid,
    Fast: _Fast,
    CarryingDown: _CarryingDown,
}


# Losses -------------------------------------------------------------------------------


def _plain_ssim_2021(x: Tensor, y: Tensor) -> Tensor:
    def mean(images: Tensor) -> Tensor:
        return functional.avg_pool2d(images.mean(dim=1, keepdim=True), PATCH)

    return 0.5 * _dissimilarity(x, y, mean) + functional.mse_loss(x, y)


def _plain_ssim(x: Tensor, y: Tensor) -> Tensor:
    reach, channels = WINDOW // 2, x.shape[1]
    offset = torch.arange(-reach, reach + 1)
    line = torch.exp(-offset.square() / (2.0 * SIGMA**2))
    line = line / line.sum()
    window = (line[:, None] * line).expand(channels, 1, WINDOW, WINDOW).to(x)

    def mean(images: Tensor) -> Tensor:
        padded = functional.pad(images, (reach,) * 4, mode="reflect")
        return functional.conv2d(padded, window, groups=channels)

    return _dissimilarity(x, y, mean) + functional.mse_loss(x, y)


def _dissimilarity(x: Tensor, y: Tensor, mean: Callable[[Tensor], Tensor]) -> Tensor:
    mean_x, mean_y = mean(x), mean(y)
    variance_x = mean(x * x) - mean_x**2
    variance_y = mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    below = (mean_x**2 + mean_y**2 + C1) * (variance_x + variance_y + C2)
    return (1 - above / below).mean()
