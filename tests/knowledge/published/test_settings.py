"""Settings that others publish: whole, cited, found by how people speak of a model."""

import pytest

from knowledge.optimizers import KNOWN
from knowledge.published.settings import model_kinds


def test_every_setting_has_a_source_and_values_there_can_be():
    for kind in model_kinds():
        assert kind.settings
        for setting in kind.settings:
            assert setting.kind == kind.title
            assert setting.optimizer in KNOWN
            assert setting.batch_size >= 1
            assert 1e-7 < setting.learning_rate < 1
            assert len(setting.source) > 10


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("our sagan and its discriminator", "GANs for images"),
        ("yolov10-m on drones", "YOLO detectors"),
        ("mask r-cnn for leaves", "two-stage detectors"),
        ("retina segmentation", "U-Nets for segmentation"),
        ("a lora for stable diffusion", "LoRA of Stable Diffusion XL"),
        ("gemma 2b", "fine-tuning all weights of language models"),
        ("distilbert", "fine-tuning of BERT"),
        ("swin-t from scratch", "vision transformers from scratch"),
        ("resnet-34", "ResNets on ImageNet"),
        ("an rnn for load forecasts", "recurrent networks for time series"),
    ],
)
def test_a_kind_is_found_by_how_people_speak_of_it(text, title):
    assert [kind.title for kind in model_kinds() if kind.is_of(text)] == [title]


@pytest.mark.parametrize(
    "text", ["began last week", "qlora on llama", "resnet-18 on cifar-10", "my mlp"]
)
def test_what_is_of_another_kind_is_not_taken_for_one(text):
    assert not [kind for kind in model_kinds() if kind.is_of(text)]
