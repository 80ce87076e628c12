"""Every tie by its key; a page in knowledge/concepts names its tie by the key here."""

from collections.abc import Mapping

from advisor.concepts.ties.boundaries import BOUNDARIES, POWERS, PROXIES, boundary_tie
from advisor.concepts.ties.failing import FAILURES, OUTCOMES, REPEATS
from advisor.concepts.ties.pairs import pair_tie
from advisor.concepts.ties.scores import ACCURACY, OPTIMIZERS, SPEED, rates_tie
from advisor.concepts.ties.stock import REACH, STOCK
from advisor.concepts.ties.tie import Tie
from knowledge.records import BF16, FP32

TIES: Mapping[str, Tie] = {
    "accuracy": ACCURACY,
    "best_rate": rates_tie("adam"),
    "betas": pair_tie(
        "recipe",
        {"faceswap-2021": "faceswap-3"},
        words=("with the betas of 2021", "with today's betas and today's loss"),
    ),
    "boundaries": BOUNDARIES,
    "epsilon": boundary_tie(
        "faceswap-2021", "faceswap-2021-eps", "With a large epsilon"
    ),
    "failures": FAILURES,
    "mixed_precision": pair_tie(
        "precision", {FP32: BF16}, words=("in full precision", "in bf16")
    ),
    "momentum": pair_tie(
        "recipe", {"sgd": "momentum"}, words=("without momentum", "with it")
    ),
    "optimizers": OPTIMIZERS,
    "outcomes": OUTCOMES,
    "powers": POWERS,
    "proxies": PROXIES,
    "rates": rates_tie("sgd"),
    "reach": REACH,
    "repeats": REPEATS,
    "speed": SPEED,
    "store": STOCK,
    "summed": pair_tie(
        "recipe",
        {"sgd": "sgd-sum", "adam": "adam-sum"},
        words=("with an averaged loss", "with a summed one"),
    ),
    "warm_up": pair_tie(
        "recipe",
        {"sgd": "sgd-warmup", "adam": "adam-warmup"},
        words=("without a warm-up", "with one"),
    ),
}
