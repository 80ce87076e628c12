"""What stands where a rate or a batch size stands and is neither."""

import pytest

from advisor.reading.parsing import parse_question

KNOWN = ("original", "realface", "dlight", "digits_mlp", "digits_cnn")


def slots(text):
    found = parse_question(text, known_workloads=KNOWN).slots
    return found.workload, found.batch_size, found.learning_rate


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("what learning rate for llama 3.1 8b at batch 16?", "llama 3.1 8b"),
        ("qwen2.5 7b lora r=16 alpha=32, batch 16, lr?", "qwen2.5 7b"),
        ("gpt-3.5 at batch 16, which rate?", "gpt-3.5"),
        ("sd 1.5 at batch 16, what lr?", "sd 1.5"),
        ("lr for yolov8s at batch 16?", "yolov8s"),
        ("mistral 7b, batch 16: lr?", "mistral 7b"),
        ("ViT-B/16, batch 16: lr?", "vit-b/16"),
        ("swin-t/4 at batch 16, which rate?", "swin-t/4"),
        ("lr for clip vit-l/14 at batch 16", "clip vit-l/14"),
    ],
)
def test_the_numbers_of_a_models_name_are_neither_rate_nor_batch(text, name):
    assert slots(text) == (name, 16, None)


@pytest.mark.parametrize(
    "text",
    [
        "tabular mlp, batch 64: lr?",
        "what lr for an mlp on california-housing at batch 64?",
        "cnn on cifar10, batch 64, which rate?",
        "text cnn batch 64 lr",
    ],
)
def test_a_network_on_other_data_is_not_ours_on_digits(text):
    found = parse_question(text, known_workloads=KNOWN)
    assert found.unknown_workload is not None
    assert found.slots.batch_size == 64


@pytest.mark.parametrize(
    "text", ["mlp, batch 64: lr?", "lr for the cnn on my laptop at batch 64"]
)
def test_a_network_with_nothing_else_said_is_ours_on_digits(text):
    found = parse_question(text, known_workloads=KNOWN)
    assert found.unknown_workload is None
    assert str(found.slots.workload).startswith("digits")


@pytest.mark.parametrize(
    "text",
    [
        "realface batch 8, cosine to 1e-6: what lr?",
        "realface batch 8, min_lr 1e-6, which rate?",
        "realface batch 8, network alpha 0.5 and dim 32, what lr?",
        "realface at batch 8 with label smoothing 0.1, what lr?",
        "realface batch 8, noise offset 0.05, lora_r 16, which rate?",
        "realface batch 8, ema 0.999, what learning rate?",
        "realface batch 8 lr0? weight decay 0.0005, momentum 0.937",
        "realface at batch 8: what lr if it goes with B^0.5?",
        "realface at batch 8: what lr, does it go as 1/B?",
    ],
)
def test_what_a_config_or_a_rule_sets_is_no_rate(text):
    assert slots(text) == ("realface", 8, None)


@pytest.mark.parametrize(
    ("text", "batch_size"),
    [
        ("original batch 16x8=128, which lr?", 128),
        ("original batch 4 x 2 x 8 = 64, lr?", 64),
        ("original: micro_batch_size 1, gradient_accumulation_steps 8: what lr?", 8),
        ("original, per_device_train_batch_size 4, 2 gpus, what lr?", 8),
        ("original train_batch_size=12, lr?", 12),
        ("what lr for original -b 14", 14),
        ("lr for original with --b=14?", 14),
        ("original batch 4 and I accumulate 8 steps, lr?", 32),
    ],
)
def test_the_effective_batch_is_read_however_it_is_written(text, batch_size):
    assert slots(text)[:2] == ("original", batch_size)


def test_a_product_that_is_written_out_is_shown_and_counts_once():
    found = parse_question("original batch 16x8=128, lr?", known_workloads=KNOWN)
    assert found.warnings == ("16 x 8 = 128.",)


def test_a_total_that_the_cards_make_is_not_multiplied_again():
    text = (
        "my unet works at 2e-4 with batch 16. Now I have 4 gpus so batch 64, scale lr?"
    )
    assert slots(text) == ("unet", (16, 64), 2e-4)


@pytest.mark.parametrize("word", ["nan", "NaN", "inf"])
def test_a_symptom_is_no_model(word):
    found = parse_question(f"loss is {word}, batch 4, lr 1e-5", known_workloads=KNOWN)
    assert found.unknown_workload is None
