"""Which way a metric goes: by the names that are known, never by letters in them."""

import re
from itertools import pairwise, zip_longest

LESS_IS_BETTER = frozenset(
    "loss error err mse rmse nrmse rmsle mae mape smape medae mpjpe rse msle "
    "perplexity ppl nll bpb bpc bpd logloss crossentropy entropy ce bce kl kld "
    "wer cer ter mer eer fid kid fvd fad lpips brier ece mce crps hausdorff "
    "chamfer assd hd hd95 regret misclassification change bits".split()
)
MORE_IS_BETTER = frozenset(
    "acc accuracy auc auroc auprc aucpr roc f1 f2 fbeta precision recall "
    "sensitivity specificity map ap mar ndcg mrr hitrate dice iou miou giou "
    "jaccard pq bleu sacrebleu chrf rouge rougel rougelsum meteor cider spice "
    "bertscore psnr ssim msssim vmaf pesq stoi r2 reward rew return returns "
    "winrate successrate pass em exactmatch passrate mcc kappa pearson spearman "
    "kendall correlation likelihood elbo top1 top5 clipscore".split()
)
# What stands beside many names: it decides where nothing else does.
_WEAK_MORE = frozenset({"score"})
_TO_TARGET = re.compile(
    r"\b(epochs?|steps?|samples?|examples?|tokens?|time)_(\w+_)?to_"
)
# What says on what a value was measured, how it was drawn together, or at which cut.
_WORD = re.compile(r"[a-z]+\d*|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")


def direction_of(name: str) -> str | None:
    """Return `min` or `max` for a metric that is known, else None.

    Of several known words the last decides: an `accuracy_loss` is a loss.

    >>> [direction_of(name) for name in ("val/mAP50-95(B)", "fid_score", "height")]
    ['max', 'min', None]
    """
    spelled = _CAMEL.sub("_", name).lower().replace("-", "_")
    if _TO_TARGET.search(spelled):
        return "min"
    found = [goal for word in _words(spelled) if (goal := _goal_of_word(word))]
    if found:
        return found[-1]
    return "max" if _WEAK_MORE & set(_words(spelled)) else None


def _words(name: str) -> list[str]:
    """The words of a name, each after the two that are one name with it.

    >>> _words("exact_match_error")
    ['exact', 'exactmatch', 'match', 'matcherror', 'error']
    """
    words = _WORD.findall(name)
    pairs = [one + other for one, other in pairwise(words)]
    return [w for both in zip_longest(words, pairs, fillvalue="") for w in both if w]


def _goal_of_word(word: str) -> str | None:
    plain = word.rstrip("0123456789")
    for spelled in (word, plain):
        if spelled in LESS_IS_BETTER:
            return "min"
        if spelled in MORE_IS_BETTER:
            return "max"
    if plain.endswith(("loss", "error", "perplexity")):
        return "min"
    return "max" if plain.endswith(("accuracy", "acc")) else None
