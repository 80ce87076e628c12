"""Which way a metric goes: by known names; what is not known is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.metrics import direction_of

DOWN = (
    "loss val_loss train/loss eval_loss valLoss test_nll val_bpb ppl perplexity WER "
    "cer fid_score FID lpips rmse RMSE-val error_rate evalError val/box_loss hd95 "
    "log_loss brier_score mean_absolute_error kl_divergence accuracy_loss f1_error "
    "one_step_loss_change epochs_to_target epochs_or_samples_to_target_mean"
).split()
UP = (
    "acc val_acc top1_acc top-5 accuracy AUC auroc f1 f1_macro mAP metrics/mAP50-95(B) "
    "metrics/precision(B) dice_score mIoU BLEU rouge1 rougeL psnr SSIM r2_score recall "
    "reward eval_return bert_score exact_match score val_balanced_acc"
).split()


@pytest.mark.parametrize("name", DOWN)
def test_less_of_it_is_better(name):
    assert direction_of(name) == "min"


@pytest.mark.parametrize("name", UP)
def test_more_of_it_is_better(name):
    assert direction_of(name) == "max"


@pytest.mark.parametrize(
    "name", ["height", "adopted_lr", "x", "macro", "recap", "placebo", "trace", "", "7"]
)
def test_a_name_that_only_holds_letters_of_one_is_not_known(name):
    assert direction_of(name) is None


@given(st.text(max_size=60))
def test_any_text_is_known_or_not(name):
    assert direction_of(name) in ("min", "max", None)
