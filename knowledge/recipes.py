"""The named recipes: everything that is held fixed while rate and batch size vary.

Face recipes follow two eras of one program: betas (0.5, 0.99) and patch SSIM until
November 2025, (0.9, 0.999) and Gaussian SSIM since. Source: deepfakes/faceswap,
plugins/train, read as facts. A variant changes one thing of another recipe, for one
hypothesis (docs/explanation/the-two-seeds.md).
"""

from dataclasses import replace
from typing import Any

from knowledge.records import Recipe

WARMUP_STEPS = 100  # of the variants with a warm-up; a sixth of a digits run
# The middle of the batch sizes the forum speaks of (2 to 12), nearly.
HALF_LIFE_BATCH_SIZE = 4
# About the median root of the second moment in the face proxies (1e-4 to 2e-4 at batch
# 2, 7e-5 to 1e-4 at 16, measured): it halves the step of half of all weights. A tenth
# of it would hardly be felt.
LARGE_EPSILON = 1e-4

_BASIC = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "faceswap-2021",
            optimizer="adam",
            betas=(0.5, 0.99),
            epsilon=1e-7,
            loss="ssim-2021+mse",
        ),
        Recipe(
            "faceswap-3",
            optimizer="adam",
            betas=(0.9, 0.999),
            epsilon=1e-7,
            loss="ssim+mse",
        ),
        Recipe("sgd", optimizer="sgd", loss="cross-entropy"),
        Recipe("momentum", optimizer="sgd", momentum=0.9, loss="cross-entropy"),
        Recipe(
            "adam",
            optimizer="adam",
            betas=(0.9, 0.999),
            epsilon=1e-8,
            loss="cross-entropy",
        ),
        Recipe(
            "adamw",
            optimizer="adamw",
            betas=(0.9, 0.999),
            epsilon=1e-8,
            weight_decay=0.01,
            loss="cross-entropy",
        ),
    )
}


def _variant(name: str, *, of: str, **changes: Any) -> Recipe:
    return replace(_BASIC[of], name=name, variant_of=of, **changes)


_VARIANTS = (
    _variant(
        "faceswap-2021-halflife",
        of="faceswap-2021",
        half_life_batch_size=HALF_LIFE_BATCH_SIZE,
    ),
    _variant("faceswap-2021-eps", of="faceswap-2021", epsilon=LARGE_EPSILON),
    _variant("sgd-sum", of="sgd", reduction="sum", loss="cross-entropy, summed"),
    _variant("adam-sum", of="adam", reduction="sum", loss="cross-entropy, summed"),
    _variant("sgd-warmup", of="sgd", warmup_steps=WARMUP_STEPS),
    _variant("adam-warmup", of="adam", warmup_steps=WARMUP_STEPS),
)
RECIPES: dict[str, Recipe] = _BASIC | {recipe.name: recipe for recipe in _VARIANTS}


def is_variant(recipe: str | None) -> bool:
    """Whether a recipe is one that answers speak of only when it is asked for."""
    return recipe in RECIPES and RECIPES[recipe].variant_of is not None
