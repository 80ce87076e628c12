"""Sharpness and gradient noise, against the Hessian written out and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from experiments.workloads.digits.curvature import (
    gradient_noise,
    sharpness_along_gradient,
    top_eigenvalue,
)


class Weights(nn.Module):
    """A model that is nothing but its weights, at a random place."""

    def __init__(self, size: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.values = nn.Parameter(torch.randn(size, generator=generator))


def bowl(model: Weights, curvatures: Tensor) -> Tensor:
    """A quadratic loss whose Hessian has the given eigenvalues."""
    return 0.5 * (curvatures * model.values.square()).sum()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-5, 50), min_size=1, max_size=6))
def test_the_largest_eigenvalue_of_a_bowl_is_found(curvatures: list[float]) -> None:
    """As many products as there are directions find it exactly."""
    # A direction in which the gradient vanishes is one that nothing starts from.
    values = torch.tensor([c if abs(c) > 0.01 else 0.01 for c in curvatures])
    model = Weights(len(values))
    found = top_eigenvalue(bowl(model, values), model, steps=8)
    assert found == pytest.approx(values.max().item(), rel=1e-3, abs=1e-3)


def test_a_network_s_sharpness_is_that_of_its_whole_hessian() -> None:
    """The Hessian of a small network fits into memory, so it can be written out."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    inputs, targets = torch.randn(20, 3), torch.randint(2, (20,))
    names = [name for name, _ in model.named_parameters()]
    sizes = [p.shape for p in model.parameters()]

    def loss_at(flat: Tensor) -> Tensor:
        parts = flat.split([s.numel() for s in sizes])
        weights = {n: p.view(s) for n, p, s in zip(names, parts, sizes, strict=True)}
        outputs = torch.func.functional_call(model, weights, (inputs,))
        return nn.functional.cross_entropy(outputs, targets)

    flat = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    whole = torch.autograd.functional.hessian(loss_at, flat)
    loss = nn.functional.cross_entropy(model(inputs), targets)
    expected = torch.linalg.eigvalsh(whole)[-1].item()
    assert top_eigenvalue(loss, model, steps=20) == pytest.approx(expected, rel=1e-3)


def test_fewer_products_find_less_and_never_more() -> None:
    """So a stored sharpness is a bound from below."""
    model = Weights(40)
    curvatures = torch.linspace(0.1, 3.0, 40)
    found = [
        top_eigenvalue(bowl(model, curvatures), model, steps=n) for n in (1, 2, 4, 8)
    ]
    assert found == sorted(found)
    assert found[-1] <= 3.0 + 1e-5


def test_curvature_along_the_gradient_is_the_quotient() -> None:
    """Of a bowl it has a closed form."""
    model, curvatures = Weights(3), torch.tensor([1.0, 2.0, 4.0])
    gradient = curvatures * model.values.detach()
    expected = (curvatures * gradient.square()).sum() / gradient.square().sum()
    found = sharpness_along_gradient(bowl(model, curvatures), model)
    assert found == pytest.approx(expected.item(), rel=1e-5)


def test_at_a_minimum_nothing_is_sharp_and_all_is_noise() -> None:
    """No direction to start from is no reason to stop a run."""
    model = Weights(2)
    nn.init.zeros_(model.values)
    assert top_eigenvalue(bowl(model, torch.ones(2)), model, steps=4) == 0.0
    assert sharpness_along_gradient(bowl(model, torch.ones(2)), model) == 0.0
    pushes = [torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 0.0])]
    noise = gradient_noise(
        [lambda p=p: (model.values * p).sum() for p in pushes], model, batch_size=4
    )
    assert noise.scale == math.inf


def test_a_loss_that_is_not_finite_has_no_sharpness() -> None:
    """It is said as not a number and not as an exception."""
    model = Weights(2)
    loss = bowl(model, torch.tensor([1.0, math.inf]))
    assert math.isnan(top_eigenvalue(loss, model, steps=4))


def test_the_noise_scale_is_the_variance_of_one_example_by_the_gradient() -> None:
    """Linear losses: each example's gradient is known."""
    generator = torch.Generator().manual_seed(1)
    each = torch.randn(4000, 3, generator=generator) * 2.0 + torch.tensor([3.0, 0, 0])
    model = Weights(3)
    batches = each.split(40)
    noise = gradient_noise(
        [lambda b=b: (b @ model.values).mean() for b in batches], model, batch_size=40
    )
    assert noise.squared_norm == pytest.approx(9.0, rel=0.1)
    assert noise.trace == pytest.approx(3 * 4.0, rel=0.2)
    assert noise.scale == pytest.approx(12 / 9, rel=0.25)
    assert noise.loss == pytest.approx((each @ model.values).mean().item(), rel=1e-4)


def test_measuring_leaves_the_gradients_of_a_step_alone() -> None:
    """A step may keep its gradients in buffers of its own."""
    model = Weights(3)
    model.values.grad = torch.full((3,), 7.0)
    top_eigenvalue(bowl(model, torch.ones(3)), model, steps=2)
    gradient_noise([lambda: bowl(model, torch.ones(3))] * 2, model, batch_size=1)
    assert model.values.grad.tolist() == [7.0] * 3
