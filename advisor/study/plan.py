"""The study that tests the claims: what is run, part by part, and for how long (pure).

A part owns a share of the study's wall clock, not a number of runs, so the study ends
in time on any machine. `advisor.study.carrying_out` carries the parts out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from experiments.jobs.records import verification_id_of
from knowledge.errors import BadValueError

FACE_BATCHES = (1, 2, 3, 4, 5, 6, 9, 12, 16, 32)
SHORT_BATCHES = (1, 2, 3, 5, 6, 9, 12)  # what the forum speaks of, for a short study
DIGITS_BATCHES = (4, 8, 16, 32, 64, 128, 256, 512)
# From where every run held to where every run failed: docs/dev/log.md, original@1/16.
BOUNDARY_RATES = (1e-3, 1.5e-3, 2e-3, 3e-3, 4e-3, 6e-3, 8e-3)
MAP_BATCHES = (2, 3, 5, 9, 12)
# The same of each model, for the maps of outcomes: docs/dev/log.md.
MAP_RATES = {
    "original": (2e-3, 3e-3, 4e-3, 5e-3, 6e-3),
    "dlight": (1e-3, 2e-3, 3e-3, 4e-3, 6e-3),
    "realface": (1.5e-3, 2e-3, 2.5e-3, 3e-3, 4e-3),
}
# From far below the boundary, where the best rate lies, to beyond it.
DIGITS_RATES = {
    "sgd": (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
    "momentum": (2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4),
    "adam": (5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2),
    "sgd-sum": (5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1),
    "adam-sum": (5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2),
    "sgd-warmup": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
    "adam-warmup": (2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2),
}
# What a part's runs may take of its share; the rest is for the last one to end.
BUDGET_SHARE = 0.92


@dataclass(frozen=True)
class StudyPart:
    """One question of the study, and the runs that answer it.

    `share` is its weight in the wall clock. Without `learning_rates` each run is chosen
    to tell most. With `examples` batch sizes are compared at as many examples.
    """

    name: str
    question: str
    workload: str
    recipe: str
    batch_sizes: tuple[int, ...]
    steps: int
    share: float
    learning_rates: tuple[float, ...] = ()
    n_seeds: int = 1
    examples: int | None = None


@dataclass(frozen=True)
class StudyStep:
    """One verification of a part, with its share of the study's wall clock (0..1)."""

    verification_id: str
    part: StudyPart
    batch_sizes: tuple[int, ...]
    steps: int
    share: float

    @property
    def is_adaptive(self) -> bool:
        """Whether the rates are ours to choose."""
        return not self.part.learning_rates


@dataclass(frozen=True)
class StudyPlan:
    """The parts of a study, in the order they are carried out."""

    name: str
    budget_seconds: float
    parts: tuple[StudyPart, ...]

    def study_steps(self) -> list[StudyStep]:
        """Return the verifications of all parts, with shares that sum to 1."""
        total = sum(part.share for part in self.parts)
        return [
            StudyStep(
                verification_id_of(f"{self.name}-{part.name}{suffix}"),
                part,
                batch_sizes,
                steps,
                share / total,
            )
            for part in self.parts
            for suffix, batch_sizes, steps, share in _pieces(part)
        ]


def _pieces(part: StudyPart) -> list[tuple[str, tuple[int, ...], int, float]]:
    """Suffix, batch sizes, horizon and share of each verification of a part."""
    if part.examples is None:
        return [("", part.batch_sizes, part.steps, part.share)]
    share = part.share / len(part.batch_sizes)
    return [(f"-b{b}", (b,), part.examples // b, share) for b in part.batch_sizes]


def _faces(
    steps: int, batches: tuple[int, ...], shares: Mapping[str, tuple[float, float]]
) -> list[StudyPart]:
    """The face proxies under both recipes, at equal steps."""
    return [
        StudyPart(
            name=f"{workload}-{recipe}",
            question="How does the limit scale with batch size?",
            workload=f"{workload}@1/16",
            recipe=recipe,
            batch_sizes=batches,
            steps=steps,
            share=share,
        )
        for i, recipe in enumerate(("faceswap-2021", "faceswap-3"))
        for workload, share in ((name, both[i]) for name, both in shares.items())
    ]


def _examples(batches: tuple[int, ...], examples: int, share: float) -> StudyPart:
    return StudyPart(
        name="original-examples",
        question="Is it the same when each batch size sees as many faces?",
        workload="original@1/16",
        recipe="faceswap-2021",
        batch_sizes=batches,
        steps=examples // min(batches),
        share=share,
        examples=examples,
    )


def _failures(
    batches: tuple[int, ...],
    steps: int,
    share: float,
    *,
    n_seeds: int,
    rates: tuple[float, ...] = BOUNDARY_RATES,
) -> StudyPart:
    return StudyPart(
        name=f"original-failures-{steps}",
        question="At which step do runs fail, and does that level off?",
        workload="original@1/16",
        recipe="faceswap-2021",
        batch_sizes=batches,
        steps=steps,
        share=share,
        learning_rates=rates,
        n_seeds=n_seeds,
    )


def _maps(share: float, *, steps: int, n_seeds: int) -> list[StudyPart]:
    """Every batch size at every rate about the boundary, for maps of outcomes."""
    return [
        StudyPart(
            name=f"{workload}-map",
            question="Which rates hold at which batch size?",
            workload=f"{workload}@1/16",
            recipe="faceswap-2021",
            batch_sizes=MAP_BATCHES,
            steps=steps,
            share=share,
            learning_rates=rates,
            n_seeds=n_seeds,
        )
        for workload, rates in MAP_RATES.items()
    ]


def _widths(
    widths: Mapping[str, float], batches: tuple[int, ...], steps: int
) -> list[StudyPart]:
    return [
        StudyPart(
            name=f"{workload.replace('@1/', '-width-')}",
            question="How does the limit change with the width?",
            workload=workload,
            recipe="faceswap-2021",
            batch_sizes=batches,
            steps=steps,
            share=share,
        )
        for workload, share in widths.items()
    ]


def _digits(
    workloads: Mapping[str, float],
    recipes: Sequence[str],
    steps: int,
    *,
    n_seeds: int = 0,
) -> list[StudyPart]:
    """The digits; with seeds every rate of a grid, else rates of our choice."""
    return [
        StudyPart(
            name=f"{workload}-{recipe}".replace("_", "-"),
            question="Does the article's rule hold: a larger batch, a larger rate?",
            workload=workload,
            recipe=recipe,
            batch_sizes=DIGITS_BATCHES,
            steps=steps,
            share=share,
            learning_rates=DIGITS_RATES[recipe] if n_seeds else (),
            n_seeds=max(n_seeds, 1),
        )
        for recipe in recipes
        for workload, share in workloads.items()
    ]


def _hypotheses(steps: int, share: float) -> list[StudyPart]:
    """What may bring the forum's numbers about: Adam's memory, Adam's epsilon."""
    return [
        StudyPart(
            name=f"original-{recipe.removeprefix('faceswap-2021-')}",
            question="Does the optimizer's setting make the exponent?",
            workload="original@1/16",
            recipe=recipe,
            batch_sizes=(2, 4, 8, 16),
            steps=steps,
            share=share,
        )
        for recipe in ("faceswap-2021-halflife", "faceswap-2021-eps")
    ]


_PLAIN = ("sgd", "momentum", "adam")
_VARIED = ("sgd-sum", "adam-sum", "sgd-warmup", "adam-warmup")

QUICK = StudyPlan(
    "study",
    budget_seconds=40 * 60.0,
    parts=(
        *_faces(
            400,
            SHORT_BATCHES,
            {"original": (14, 7), "dlight": (12, 6), "realface": (16, 8)},
        ),
        _examples((2, 4, 8, 16), 2400, 6),
        _failures((4, 12), 1000, 9, n_seeds=1, rates=(2e-3, 3e-3, 4e-3, 6e-3)),
        *_widths({"original@1/32": 3, "realface@1/32": 4}, (2, 5, 12), 400),
        *_digits({"digits_mlp": 1.5, "digits_cnn": 2}, _PLAIN, 600),
        *_digits({"digits_mlp": 1.5}, _VARIED, 600),
    ),
)
FULL = StudyPlan(
    "study-full",
    budget_seconds=48 * 3600.0,
    parts=(
        *_maps(2, steps=1000, n_seeds=3),
        *_digits({"digits_mlp": 0.5, "digits_cnn": 1}, _PLAIN, 600, n_seeds=3),
        *_digits({"digits_mlp": 0.5}, _VARIED, 600, n_seeds=3),
        *_faces(
            3000,
            FACE_BATCHES,
            {"original": (12, 8), "dlight": (12, 8), "realface": (14, 9)},
        ),
        _examples((1, 2, 4, 8, 16, 32), 12_000, 6),
        _failures((2, 4, 6, 12), 3000, 8, n_seeds=3),
        _failures((4, 12), 10_000, 6, n_seeds=3, rates=BOUNDARY_RATES[:5]),
        *_widths(
            {
                **{"original@1/32": 1, "original@1/8": 4, "original@1/4": 5},
                **{"realface@1/32": 2, "realface@1/8": 6},
            },
            (2, 5, 12),
            3000,
        ),
        *_hypotheses(3000, 3),
        *_digits({"digits_cnn": 1}, _VARIED, 2000),
    ),
)
# Where there is a graphics card the models themselves are run as well.
FULL_SIZE = tuple(
    StudyPart(
        name=f"{workload}-full-size",
        question="Do the forum's own numbers hold, on the models themselves?",
        workload=workload,
        recipe="faceswap-2021",
        batch_sizes=batches,
        steps=10_000,
        share=10,
        learning_rates=(3e-5, 6.5e-5, 7e-5, 1e-4, 2e-4, 4e-4),
        n_seeds=3,
    )
    for workload, batches in (
        ("original", (6, 12)),
        ("dlight", (4, 9)),
        ("realface", (2, 3, 5)),
    )
)


def study_plan(*, full: bool, device: str, parts: Sequence[str] = ()) -> StudyPlan:
    """Return the short study or the full one, which grows where there is a GPU.

    `parts` are names of those to carry out, for all of its time; empty: every part.

    Raises:
        BadValueError: The study has no such part.
    """
    plan = FULL if full else QUICK
    if full and device != "cpu":
        plan = replace(plan, parts=(*plan.parts, *FULL_SIZE))
    known = [part.name for part in plan.parts]
    for name in parts:
        if name not in known:
            raise BadValueError("part", name, expected=f"known are {', '.join(known)}.")
    chosen = tuple(part for part in plan.parts if not parts or part.name in parts)
    return replace(plan, parts=chosen)
