"""How sharp a loss is and how noisy its gradient, at the weights of this moment.

Full-batch gradient descent is stable below a rate of two by the largest eigenvalue
(arXiv:2103.00065); a batch well above the noise scale tells little more than a smaller
one (arXiv:1812.06162). Neither touches the gradients that a step uses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class GradientNoise:
    """The mean loss over some examples, its gradient's squared norm, and the noise.

    `trace` is the sum of the variances of one example's gradient.
    """

    loss: float
    squared_norm: float
    trace: float

    @property
    def scale(self) -> float:
        """The simple noise scale tr(S) / |g|^2; infinite where the gradient is zero.

        Source: arXiv:1812.06162, section 2.2.
        """
        return self.trace / self.squared_norm if self.squared_norm else float("inf")


def top_eigenvalue(loss: Tensor, model: nn.Module, *, steps: int) -> float:
    """Return the largest eigenvalue of the loss's Hessian, from below.

    Lanczos from the gradient, which lies mostly along the sharp directions. `loss` is a
    scalar with its graph, which is used up; each of the `steps` takes about two
    backward passes.
    """
    parameters = _trained(model)
    gradient = _flat(torch.autograd.grad(loss, parameters, create_graph=True))
    directions: list[Tensor] = []
    found = torch.zeros(steps, steps, dtype=torch.float64)
    direction = gradient.detach()
    for i in range(steps):
        length = direction.norm()
        if not length > 0:  # nothing new, or not a number
            found = found[:i, :i]
            break
        directions.append(direction / length)
        product = _flat(
            torch.autograd.grad(
                gradient @ directions[-1], parameters, retain_graph=i < steps - 1
            )
        )
        # Against every direction so far: rounding would bring the first ones back.
        basis = torch.stack(directions)
        shares = basis @ product
        found[: i + 1, i] = found[i, : i + 1] = shares.double()
        direction = product - basis.T @ shares
        direction -= basis.T @ (basis @ direction)
        if direction.norm() <= 1e-5 * product.norm():
            found = found[: i + 1, : i + 1]
            break
    if not len(found):
        return 0.0 if bool(torch.isfinite(gradient).all()) else float("nan")
    if not bool(torch.isfinite(found).all()):
        return float("nan")
    return float(torch.linalg.eigvalsh(found)[-1])


def sharpness_along_gradient(loss: Tensor, model: nn.Module) -> float:
    """Return the curvature of a loss along its own gradient, g'Hg / |g|^2.

    Its mean over a run's batches settles near two by the rate (arXiv:2412.20553).
    """
    parameters = _trained(model)
    gradient = _flat(torch.autograd.grad(loss, parameters, create_graph=True))
    along = gradient.detach()
    product = _flat(torch.autograd.grad(gradient @ along, parameters))
    squared_norm = along.square().sum()
    return float((along @ product) / squared_norm) if squared_norm > 0 else 0.0


def gradient_noise(
    losses: Sequence[Callable[[], Tensor]], model: nn.Module, *, batch_size: int
) -> GradientNoise:
    """Return gradient and noise from the gradients of batches that do not overlap.

    Args:
        losses: At least two; each gives the mean loss of one batch, with its graph.
        model: Its trainable parameters are the variables.
        batch_size: Examples in each of the batches.

    Source: arXiv:1812.06162, appendix A.1: the variance between batches is the trace
    divided by the batch size; here their mean is the gradient itself.
    """
    parameters = _trained(model)
    values, gradients = [], []
    for build in losses:
        loss = build()
        values.append(loss.detach())
        gradients.append(_flat(torch.autograd.grad(loss, parameters)))
    each = torch.stack(gradients)
    between = each.var(dim=0, correction=1).sum().item()
    return GradientNoise(
        loss=torch.stack(values).mean().item(),
        squared_norm=each.mean(dim=0).square().sum().item(),
        trace=batch_size * between,
    )


def _trained(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def _flat(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])
