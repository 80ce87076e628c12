"""The named recipes: everything that is held fixed while rate and batch size vary.

Outcomes under different recipes are never pooled as equals (shared words: recipe,
docs/reference/glossary.md). Face recipes follow the two eras of that program: betas
(0.5, 0.99) and patch SSIM until November 2025, (0.9, 0.999) and Gaussian SSIM since.
Source: deepfakes/faceswap, plugins/train (read as facts, nothing copied).
"""

from knowledge.records import Recipe

RECIPES: dict[str, Recipe] = {
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
