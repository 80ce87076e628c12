"""Convolutions as one product: the same numbers as the library's, both ways."""

import pytest
import torch
from torch.nn import functional

from experiments.workloads.faces import deep_convolution as module
from experiments.workloads.faces.blocks import Conv, Down, Res
from experiments.workloads.faces.deep_convolution import deep_convolution, is_deep


def tensors(count=2, before=3, after=5, size=8, kernel_size=3, *, seed=0):
    """Faces, kernel and bias in double precision, stored channels-last."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (count, before, size, size), (after, before, kernel_size, kernel_size)
    x, kernel = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        .contiguous(memory_format=torch.channels_last)
        .requires_grad_()
        for shape in shapes
    )
    bias = torch.randn(after, generator=generator, dtype=torch.float64)
    return x, kernel, bias.requires_grad_()


@pytest.mark.parametrize(
    ("kernel_size", "stride", "pads"), [(3, 1, (1, 1)), (5, 2, (1, 2)), (5, 1, (2, 2))]
)
class TestAgainstTorch:
    def test_the_sums_are_those_of_a_padded_convolution(
        self, kernel_size, stride, pads
    ):
        x, kernel, bias = tensors(kernel_size=kernel_size)
        expected = functional.conv2d(
            functional.pad(x, (*pads, *pads)), kernel, bias, stride=stride
        )
        found = deep_convolution(x, kernel, bias, stride=stride, pads=pads)
        torch.testing.assert_close(found, expected)
        assert found.is_contiguous(memory_format=torch.channels_last)

    def test_the_gradients_are_those_of_the_sums(self, kernel_size, stride, pads):
        inputs = tensors(count=1, size=6, kernel_size=kernel_size)
        assert torch.autograd.gradcheck(
            lambda x, kernel, bias: deep_convolution(
                x, kernel, bias, stride=stride, pads=pads
            ),
            inputs,
        )


def test_a_convolution_may_be_without_bias():
    x, kernel, _ = tensors()
    found = deep_convolution(x, kernel, None, stride=1, pads=(1, 1))
    torch.testing.assert_close(found, functional.conv2d(x, kernel, padding=1))
    found.sum().backward()
    assert kernel.grad is not None


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32_gradients():
    x, kernel, bias = (t.detach().float().requires_grad_() for t in tensors())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = deep_convolution(x, kernel, bias, stride=1, pads=(1, 1))
    assert found.dtype == torch.bfloat16
    found.float().sum().backward()
    for tensor in (x, kernel, bias):
        assert tensor.grad is not None
        assert tensor.grad.dtype == torch.float32
    expected = functional.conv2d(x, kernel, bias, padding=1)
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.05)


def test_only_large_kernels_on_few_pixels_are_taken():
    kernel = torch.empty(1024, 512, 3, 3)
    few, many = torch.empty(4, 512, 8, 8), torch.empty(4, 512, 32, 32)
    assert is_deep(few, kernel, stride=1)
    assert not is_deep(many, kernel, stride=1)
    assert not is_deep(few, kernel[:32], stride=1)
    assert not is_deep(few.to("meta"), kernel, stride=1)


@pytest.mark.parametrize("block", [Down(4, 6), Res(4, bias=True), Res(4, bias=False)])
def test_blocks_give_the_same_either_way(monkeypatch, block):
    """Activations work in place on what the product returns."""
    x = torch.randn(2, 4, 8, 8).contiguous(memory_format=torch.channels_last)

    def results():
        block.zero_grad()
        y = block(x)
        y.square().sum().backward()
        return [y.detach(), *(p.grad.clone() for p in block.parameters())]

    expected = results()
    monkeypatch.setattr(module, "FEWEST_WEIGHTS", 0)
    monkeypatch.setattr(module, "MOST_PIXELS_PER_INPUT", 1e9)
    assert is_deep(x, next(block.parameters()), stride=1)
    for found, wanted in zip(results(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_gradients_lie_like_the_kernels_they_belong_to():
    """Else every step would copy them, and the optimizer would be slower."""
    conv = Conv(3, 4)
    x = torch.randn(1, 3, 4, 4)
    deep_convolution(x, conv.weight, conv.bias, stride=1, pads=(1, 1)).sum().backward()
    assert conv.weight.grad is not None
    assert conv.weight.grad.stride() == conv.weight.stride()
