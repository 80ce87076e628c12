"""The face models: exact sizes, padding, initialisers, proxies, and that they learn."""

import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from experiments.workloads.faces import dlight, original, realface
from experiments.workloads.faces.autoencoder import FaceAutoencoder
from experiments.workloads.faces.blocks import (
    Conv,
    DampedConv,
    Dense,
    Down,
    Fast,
    Hybrid,
    Out,
    Res,
    Up,
    up_and_out,
)
from experiments.workloads.protocol import (
    Option,
    Parameters,
    build_task,
    count_parameters,
    describe,
    narrow,
    resolve_options,
)
from knowledge.errors import BadValueError, UnknownWorkloadError
from knowledge.records import RunConfig

MODULES = {"original": original, "dlight": dlight, "realface": realface}
DLIGHT_OPTIONS = [
    {"features": features, "details": details, "output_size": size}
    for features, details, size in itertools.product(
        ("lowmem", "fair", "best"), ("fast", "good"), ("128", "256", "384")
    )
]


def build_on_meta(name, width_divisor=1, options=None):
    with torch.device("meta"):
        return MODULES[name].build_model(width_divisor, options or {})


def parts(description):
    counts = description.parameters
    return (counts.encoder, counts.decoder_a, counts.decoder_b, counts.total)


class TestExactSizes:
    """Counts of the genuine models. Source: deepfakes/faceswap, built and counted."""

    @pytest.mark.parametrize(
        ("lowmem", "expected"),
        [
            ("false", (69_662_976, 6_199_747, 6_199_747, 82_062_470)),
            ("true", (48_165_632, 6_199_747, 6_199_747, 60_565_126)),
        ],
    )
    def test_original_has_the_genuine_number_of_parameters(self, lowmem, expected):
        assert parts(describe("original", {"lowmem": lowmem})) == expected

    @pytest.mark.parametrize(
        ("sizes", "expected"),
        [
            ((64, 128), (29_604_608, 64_196_041, 144_441_027, 238_241_676)),
            ((64, 64), (29_604_608, 64_070_578, 143_560_579, 237_235_765)),
            ((64, 256), (29_604_608, 73_549_921, 165_313_219, 268_467_748)),
            ((96, 128), (29_604_608, 94_395_978, 195_890_051, 319_890_637)),
            ((128, 128), (29_604_608, 123_756_106, 239_930_243, 393_290_957)),
            ((128, 256), (29_604_608, 123_881_569, 240_810_691, 394_296_868)),
        ],
    )
    def test_realface_has_the_genuine_number_of_parameters(self, sizes, expected):
        options = {"input_size": str(sizes[0]), "output_size": str(sizes[1])}
        assert parts(describe("realface", options)) == expected

    @pytest.mark.parametrize("options", DLIGHT_OPTIONS)
    def test_dlight_agrees_with_a_formula_written_by_hand(self, options):
        encoder, decoder_a, decoder_b = dlight_by_hand(**options)
        assert parts(describe("dlight", options)) == (
            encoder,
            decoder_a,
            decoder_b,
            encoder + decoder_a + decoder_b,
        )

    def test_dlight_draws_128_pixels_unless_told(self):
        assert parts(describe("dlight")) == (
            61_783_296,
            6_869_523,
            46_645_283,
            115_298_102,
        )
        assert describe("dlight").output_shape == (128, 128, 3)

    def test_running_statistics_are_not_counted_as_trainable(self):
        with_statistics = sum(
            tensor.numel()
            for name, tensor in build_on_meta("dlight").state_dict().items()
            if not name.endswith("num_batches_tracked")
        )
        assert with_statistics - describe("dlight").parameters.total == 2 * (512 + 128)


def conv_by_hand(before, after, kernel, bias=True):
    return before * after * kernel**2 + (after if bias else 0)


def hybrid_by_hand(before, filters, scale=2):
    half = filters // 2
    return conv_by_hand(before, half * scale**2, 3) + conv_by_hand(before, half, 3)


def dlight_by_hand(features, details, output_size):
    """DLight's parts from its description, with nothing taken from the module."""
    base, width = {"lowmem": (48, 640), "fair": (64, 1152), "best": (64, 1664)}[
        features
    ]
    scale = int(output_size) // 64
    channels, encoder = 3, 0
    for filters in (base // 2, base, 2 * base, 4 * base, 8 * base):
        encoder += conv_by_hand(channels, filters, 5)
        channels += filters
    encoder += (16 * channels + 1) * width + (width + 1) * 16_384
    decoder_a = sum(
        hybrid_by_hand(before, after)
        for before, after in [(1024, 256), (256, 128), (128, 64), (64, 32)]
    ) + conv_by_hand(32, 3, 5)
    if details == "fast":
        decoder_b = conv_by_hand(1024, 512 * scale**2, 3)
        for before, after in [(512, 512), (512, 256), (256, 128), (128, 64)]:
            decoder_b += conv_by_hand(before, after, 3)
            decoder_b += conv_by_hand(before, 4 * after, 3)
    else:
        decoder_b = hybrid_by_hand(1024, 512, scale) + sum(
            hybrid_by_hand(before, after)
            for before, after in [(512, 512), (512, 256), (256, 128), (128, 64)]
        )
        plain = {512: 3, 256: 0, 128: 1}
        biased = {512: 2, 256: 1, 128: 0}
        decoder_b += sum(2 * n * conv_by_hand(f, f, 3, False) for f, n in plain.items())
        decoder_b += sum(2 * n * conv_by_hand(f, f, 3) for f, n in biased.items())
        decoder_b += 2 * (512 + 128)  # scale and shift of two batch norms
    return encoder, decoder_a, decoder_b + conv_by_hand(64, 3, 5)


class TestDescribing:
    def test_describing_every_full_size_model_takes_little_memory(self):
        """All weights together would need more than 1.7 GB."""
        script = (
            "import sys\n"
            "from experiments.machine import peak_memory_mb\n"
            "from experiments.workloads.protocol import describe\n"
            "for name in ('original', 'dlight', 'realface'): describe(name)\n"
            "print(round(peak_memory_mb()), 'PIL' in sys.modules)\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        peak_megabytes, loaded_images = answer.stdout.split()
        assert int(peak_megabytes) < 1_000
        assert loaded_images == "False"

    def test_the_dictionary_has_the_documented_keys(self):
        assert describe("RealFace@1/16").to_dict() == {
            "name": "realface@1/16",
            "input_shape": [64, 64, 3],
            "output_shape": [128, 128, 3],
            "options": {
                "input_size": 64,
                "output_size": 128,
                "dense_nodes": 1536,
                "complexity_encoder": 128,
                "complexity_decoder": 512,
            },
            "parameters": {
                "encoder": 116_528,
                "decoder_a": 244_615,
                "decoder_b": 566_127,
                "total": 927_270,
            },
        }

    def test_a_classifier_has_a_total_only(self):
        assert Parameters(total=7).to_dict() == {"total": 7}

    def test_an_unknown_workload_is_an_error_with_the_nearest_names(self):
        with pytest.raises(UnknownWorkloadError) as caught:
            describe("RealFaces")
        assert caught.value.nearest == ("realface",)

    @pytest.mark.parametrize(
        ("workload", "options", "says"),
        [
            ("original", {"lowmen": "true"}, "it has lowmem"),
            ("original", {"lowmem": "maybe"}, "false or true"),
            ("dlight", {"features": "worst"}, "lowmem, fair or best"),
            ("dlight", {"output_size": "64"}, "128, 256 or 384"),
            ("realface", {"output_size": "144"}, "64 to 256 in steps of 32"),
            ("realface", {"input_size": "63"}, "64 to 128 in steps of 16"),
            ("realface", {"dense_nodes": "a lot"}, "768 to 2048 in steps of 64"),
            ("digits_mlp", {"layers": "3"}, "it has none"),
        ],
    )
    def test_a_bad_option_says_what_is_allowed(self, workload, options, says):
        with pytest.raises(BadValueError, match=says):
            describe(workload, options)

    @given(st.text(max_size=12))
    def test_an_option_takes_an_allowed_value_or_refuses(self, text):
        option = Option("output_size", 128, (128, 256, 384))
        try:
            value = option.parse(text)
        except BadValueError:
            value = None
        assert value is None or value in option.allowed

    def test_switches_take_the_usual_words(self):
        switch = Option("lowmem", False, (False, True))
        assert [switch.parse(word) for word in ("on", "Yes", "1", True)] == [True] * 4
        assert [switch.parse(word) for word in ("off", "no", "0")] == [False] * 3

    def test_options_not_given_keep_their_defaults(self):
        options = (Option("a", 1, (1, 2)), Option("b", "x", ("x", "y")))
        chosen = resolve_options("w", options, given={"b": "Y"})
        assert chosen == {"a": 1, "b": "y"}


class TestRealFaceSizes:
    @pytest.mark.parametrize(
        ("sizes", "expected"),
        [
            ((64, 64), (4, 4, 1024)),
            ((64, 128), (4, 5, 1024)),
            ((96, 128), (8, 4, 768)),
            ((128, 128), (8, 4, 768)),
            ((64, 256), (8, 5, 768)),
            ((128, 160), (5, 5, 960)),
            ((64, 96), (3, 5, 1088)),
        ],
    )
    def test_the_decoders_start_follows_from_the_image_sizes(self, sizes, expected):
        derived = realface.derive_sizes(*sizes)
        assert (derived.side, derived.upscales, derived.filters) == expected

    @pytest.mark.parametrize("input_size", [64, 80, 96, 112, 128])
    @pytest.mark.parametrize("output_size", range(64, 257, 32))
    def test_every_pair_of_sizes_draws_what_was_asked(self, input_size, output_size):
        model = build_on_meta(
            "realface",
            options={"input_size": str(input_size), "output_size": str(output_size)},
        )
        assert_shapes(model, input_size, output_size)

    def test_decoder_a_is_two_thirds_as_wide_in_whole_numbers(self):
        decoder = build_on_meta("realface").decoder_a
        widths = [up.conv.out_channels // 4 for up in decoder if isinstance(up, Up)]
        assert widths == [682, 341, 170, 85, 42]


def assert_shapes(model, input_size, output_size):
    device = next(model.parameters()).device
    a = torch.zeros(2, 3, input_size, input_size, device=device)
    b = torch.zeros(3, 3, input_size, input_size, device=device)
    out_a, out_b = model(a, b)
    assert out_a.shape == (2, 3, output_size, output_size)
    assert out_b.shape == (3, 3, output_size, output_size)
    assert (model.input_size, model.output_size) == (input_size, output_size)


class TestShapes:
    @pytest.mark.parametrize("options", DLIGHT_OPTIONS)
    def test_dlight_draws_the_size_asked(self, options):
        model = build_on_meta("dlight", options=options)
        assert_shapes(model, 128, int(options["output_size"]))

    @pytest.mark.parametrize("lowmem", ["true", "false"])
    def test_original_is_64_in_and_64_out(self, lowmem):
        assert_shapes(build_on_meta("original", options={"lowmem": lowmem}), 64, 64)

    @pytest.mark.parametrize("name", MODULES)
    @pytest.mark.parametrize("width_divisor", [1, 2, 32, 1024])
    def test_proxies_keep_the_shapes(self, name, width_divisor):
        model = build_on_meta(name, width_divisor)
        assert_shapes(model, model.input_size, model.output_size)


class TestProxies:
    @given(st.integers(4, 4096), st.sampled_from([2**k for k in range(1, 11)]))
    def test_a_narrow_width_is_even_at_least_4_and_near_the_quotient(self, f, divisor):
        width = narrow(f, divisor)
        assert width % 2 == 0
        assert width >= 4
        assert width <= max(4, f / divisor)
        assert width > f / divisor - 2

    @given(st.integers(1, 4096))
    def test_full_size_keeps_odd_widths(self, f):
        assert narrow(f, 1) == f

    def test_realface_narrows_the_full_size_numbers(self):
        """682, 341, 170, 85, 42 at 1/16, not two thirds of what is narrow already."""
        model = build_on_meta("realface", 16)
        widths = [
            up.conv.out_channels // 4 for up in model.decoder_a if isinstance(up, Up)
        ]
        assert widths == [42, 20, 10, 4, 4]
        dense = [m for m in model.decoder_a if isinstance(m, Dense)]
        assert [m.out_features for m in dense] == [64, 4 * 4 * 42]

    def test_every_filter_of_a_proxy_is_even(self):
        for name in MODULES:
            for layer in build_on_meta(name, 16).modules():
                if isinstance(layer, Conv) and layer.out_channels != 3:
                    assert layer.out_channels % 2 == 0

    def test_proxies_get_smaller_with_the_divisor(self):
        for name in MODULES:
            totals = [
                describe(f"{name}@1/{width}").parameters.total for width in (2, 4, 8)
            ]
            assert totals == sorted(totals, reverse=True)


class TestBlocks:
    def test_strided_convolution_pads_one_before_and_two_after(self):
        """TensorFlow's "same" at stride 2, kernel 5, even side, in plain loops."""
        torch.manual_seed(0)
        block = Down(2, 3)
        image = torch.rand(1, 2, 6, 6)
        kernel = block.conv.weight.detach().numpy()
        padded = np.pad(image[0].numpy(), [(0, 0), (1, 2), (1, 2)])
        expected = np.zeros((3, 3, 3))
        for f, row, column in np.ndindex(3, 3, 3):
            window = padded[:, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
            total = float((window * kernel[f]).sum())
            expected[f, row, column] = total if total > 0 else 0.1 * total
        np.testing.assert_allclose(
            block(image)[0].detach().numpy(), expected, atol=1e-6
        )

    def test_up_activates_before_it_shuffles(self):
        block = Up(1, 1)
        nn.init.zeros_(block.conv.weight)
        with torch.no_grad():
            block.conv.bias.copy_(torch.tensor([1.0, -1.0, 2.0, -2.0]))
        square = block(torch.zeros(1, 1, 1, 1))[0, 0]
        expected = torch.tensor([[1.0, -0.1], [2.0, -0.2]])
        torch.testing.assert_close(square, expected)

    def test_res_is_its_activated_input_when_the_second_kernel_is_zero(self):
        block = Res(4, bias=False)
        nn.init.zeros_(block.second.weight)
        x = torch.randn(2, 4, 5, 5)
        expected = nn.functional.leaky_relu(x, 0.2)
        torch.testing.assert_close(block(x), expected)

    def test_res_leaves_its_input_as_it_was(self):
        x = torch.randn(2, 4, 5, 5)
        before = x.clone()
        Res(4, bias=True)(x)
        assert torch.equal(x, before)

    @pytest.mark.parametrize("scale", [2, 4, 6])
    def test_hybrid_concatenates_shuffled_before_smooth(self, scale):
        torch.manual_seed(0)
        block = Hybrid(3, 4, scale=scale)
        x = torch.rand(2, 3, 5, 5)
        convolved = block.branches.conv(x)
        sharp = nn.functional.leaky_relu(convolved[:, : 2 * scale**2], 0.1)
        expected = torch.cat(
            [
                nn.functional.pixel_shuffle(sharp, scale),
                nn.functional.interpolate(
                    convolved[:, 2 * scale**2 :], scale_factor=scale, mode="bilinear"
                ),
            ],
            dim=1,
        )
        torch.testing.assert_close(block(x), expected)

    def test_hybrid_with_an_outer_slope_activates_both_branches(self):
        torch.manual_seed(0)
        block = Hybrid(3, 4, outer_slope=0.2)
        x = torch.rand(2, 3, 5, 5)
        shuffled, smooth = block.branches(x)
        expected = nn.functional.leaky_relu(torch.cat([shuffled, smooth], 1), 0.2)
        torch.testing.assert_close(block(x), expected)
        assert (expected[:, 2:] < 0).any()

    def test_fast_adds_the_plain_smooth_branch(self):
        torch.manual_seed(0)
        block = Fast(3, 4)
        x = torch.rand(2, 3, 5, 5)
        shuffled, smooth = block.branches(x)
        expected = nn.functional.leaky_relu(shuffled, 0.1) + smooth
        torch.testing.assert_close(block(x), expected)

    def test_the_output_stays_float32_under_mixed_precision(self):
        block = Out(4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            faces = block(torch.rand(1, 4, 8, 8, dtype=torch.bfloat16))
        assert faces.dtype == torch.float32
        assert faces.shape == (1, 3, 8, 8)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_the_output_is_a_convolution_5x5_and_a_sigmoid(self, channels):
        """Computed before a pixel shuffle, with the same sums and gradients."""
        torch.manual_seed(0)
        block = Out(3, channels).double()
        nn.init.normal_(block.conv.bias)
        x = torch.randn(2, 3, 8, 6, dtype=torch.float64, requires_grad=True)
        plain = torch.sigmoid(
            nn.functional.conv2d(x, block.conv.weight, block.conv.bias, padding=2)
        )
        found = block._draw(x)
        torch.testing.assert_close(found, plain)
        assert found.is_contiguous()
        wanted = (x, *block.parameters())
        for ours, theirs in zip(
            torch.autograd.grad(found.square().sum(), wanted),
            torch.autograd.grad(plain.square().sum(), wanted),
            strict=True,
        ):
            torch.testing.assert_close(ours, theirs)

    def test_the_end_of_a_decoder_is_an_up_and_an_out(self):
        torch.manual_seed(0)
        up, out = up_and_out(4, 3)
        x = torch.rand(2, 4, 5, 5)
        apart_up, apart_out = Up(4, 3), Out(3)
        apart_up.load_state_dict(up.state_dict())
        apart_out.load_state_dict(out.state_dict())
        torch.testing.assert_close(out(up(x)), apart_out(apart_up(x)))

    def test_dlight_carries_an_activated_pooled_copy(self):
        stage = dlight.CarryingDown(2, 4)
        x = torch.randn(1, 2, 4, 4)
        pooled = nn.functional.leaky_relu(nn.functional.avg_pool2d(x, 2), 0.1)
        torch.testing.assert_close(stage(x)[:, 4:], pooled)

    def test_batch_norm_follows_keras(self):
        norms = [
            layer
            for layer in build_on_meta("dlight").modules()
            if isinstance(layer, nn.BatchNorm2d)
        ]
        assert [(n.num_features, n.eps, n.momentum) for n in norms] == [
            (512, 1e-3, 0.01),
            (128, 1e-3, 0.01),
        ]

    def test_only_dlight_has_dropout(self):
        for name in MODULES:
            model = build_on_meta(name)
            found = [m.p for m in model.modules() if isinstance(m, nn.Dropout)]
            assert found == ([0.05, 0.05] if name == "dlight" else [])


class TestInitialisers:
    @pytest.mark.parametrize(
        ("layer", "limit"),
        [
            (Conv(16, 64), math.sqrt(6 / (16 * 9))),
            (Conv(16, 64, kernel_size=5), math.sqrt(6 / (16 * 25))),
            (DampedConv(16, 64), math.sqrt(0.6 / (16 * 9))),
            (Dense(100, 300), math.sqrt(6 / 400)),
        ],
    )
    def test_kernels_fill_their_uniform_range_and_biases_are_zero(self, layer, limit):
        weight = layer.weight.detach()
        assert 0.99 * limit < weight.abs().max() <= limit
        assert weight.std() == pytest.approx(limit / math.sqrt(3), rel=0.03)
        assert torch.count_nonzero(layer.bias) == 0

    def test_a_residual_block_damps_its_second_convolution_only(self):
        block = Res(64, bias=True)
        ratio = (block.second.weight.std() / block.first.weight.std()).item()
        assert ratio == pytest.approx(math.sqrt(0.1), rel=0.02)

    @pytest.mark.parametrize("name", MODULES)
    def test_weights_depend_on_the_seed_alone(self, name):
        def build(seed):
            torch.manual_seed(seed)
            return MODULES[name].build_model(32).state_dict()

        first, again, other = build(3), build(3), build(4)
        assert all(torch.equal(first[key], again[key]) for key in first)
        assert not all(torch.equal(first[key], other[key]) for key in first)


class TestTraining:
    @pytest.mark.parametrize("name", MODULES)
    def test_a_proxy_learns_a_few_random_faces(self, name):
        torch.manual_seed(0)
        model = MODULES[name].build_model(16)
        losses = train_on_one_batch(model, steps=8)
        assert losses[-1] < 0.97 * losses[0]
        assert all(math.isfinite(loss) for loss in losses)

    def test_fast_dlight_learns_too(self):
        torch.manual_seed(0)
        model = dlight.build_model(16, {"details": "fast", "features": "lowmem"})
        losses = train_on_one_batch(model, steps=8)
        assert losses[-1] < 0.97 * losses[0]

    @pytest.mark.parametrize("name", MODULES)
    def test_encoding_both_sides_at_once_changes_nothing(self, name):
        torch.manual_seed(0)
        model = MODULES[name].build_model(32).eval()
        a, b = torch.rand(2, 2, 3, model.input_size, model.input_size)
        with torch.no_grad():
            out_a, out_b = model(a, b)
            alone_a = model.decode_a(model.encode(a))
            alone_b = model.decode_b(model.encode(b))
        torch.testing.assert_close(out_a, alone_a)
        torch.testing.assert_close(out_b, alone_b)

    @pytest.mark.parametrize("name", MODULES)
    def test_every_parameter_gets_a_gradient(self, name):
        torch.manual_seed(0)
        model = MODULES[name].build_model(32)
        faces = torch.rand(2, 3, model.input_size, model.input_size)
        out_a, out_b = model(faces, faces)
        (out_a.square().mean() + out_b.square().mean()).backward()
        assert all(p.grad is not None for p in model.parameters())

    def test_outputs_are_brightness_values(self):
        model = original.build_model(32)
        faces, _ = model(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64))
        assert faces.min() >= 0
        assert faces.max() <= 1

    def test_a_task_is_built_from_its_config(self):
        """The same config twice: the same weights and the same first loss."""
        config = RunConfig("original@1/32", "faceswap-2021", 2, 5e-5, seed=1, steps=2)
        first, again = build_task(config), build_task(config)
        assert isinstance(first.model, FaceAutoencoder)
        assert count_parameters(first.model) == (
            describe("original@1/32").parameters.total
        )
        for step in (1, 2):
            torch.manual_seed(step)
            loss = first.training_loss(step)
            torch.manual_seed(step)
            assert torch.equal(loss, again.training_loss(step))


def train_on_one_batch(model, *, steps):
    size = model.output_size
    a, b = torch.rand(2, 2, 3, model.input_size, model.input_size)
    target_a, target_b = torch.full((2, 2, 3, size, size), 0.3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.5, 0.99))
    losses = []
    for _ in range(steps):
        out_a, out_b = model(a, b)
        loss = (out_a - target_a).square().mean() + (out_b - target_b).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
