"""The workloads that can be trained here, by name; knowing them loads no torch.

One file per workload beside this one builds its model and data (`common.py` has the
protocol). Adding one: docs/how-to/add-a-workload.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.errors import UnknownWorkloadError
from knowledge.names import WorkloadName, nearest_names


@dataclass(frozen=True)
class WorkloadSpec:
    """What can be said of a workload without building it.

    `usual_horizon_steps` is what an answer speaks of when no horizon is asked: the
    length of a training session for full-size face models (the forum's reports), the
    length of a verification run for what is small enough to be trained to the end.
    `seconds_per_step` is a first guess of (fixed, per example) cost on one CPU core,
    used until the store holds a timed run; `proxy_seconds_per_step` the same for the
    copy with a sixteenth of the width (measured: docs/log.md). `seconds_per_look` is a
    first guess of what one look at held-back data costs a run, its share of the
    pictures included, at full size and for that copy. `largest_batch_size` is
    the number of examples where a batch holds each at most once; the face models go
    through their faces again and again, so theirs may be of any size.
    """

    name: str
    title: str
    module: str
    recipes: tuple[str, ...]
    usual_horizon_steps: int
    batch_convention: str
    data: str
    seconds_per_step: tuple[float, float]
    proxy_seconds_per_step: tuple[float, float] | None = None
    seconds_per_look: tuple[float, float | None] = (0.005, None)
    small_enough_for_cpu: bool = True
    largest_batch_size: int | None = None

    @property
    def can_shrink(self) -> bool:
        """Whether there are narrower copies of it, `NAME@1/W`."""
        return self.proxy_seconds_per_step is not None


# The default first, then the rest, then the variants that test a hypothesis.
_FACE_RECIPES = (
    *("faceswap-2021", "faceswap-3"),
    *("faceswap-2021-halflife", "faceswap-2021-eps"),
)
DIGITS_TRAINED_ON = 1437  # four fifths of scikit-learn's 1,797
_DIGITS_RECIPES = (
    *("adam", "sgd", "momentum", "adamw"),
    *("sgd-sum", "adam-sum", "sgd-warmup", "adam-warmup"),
)


def _faces(
    name: str,
    title: str,
    seconds: tuple[float, float],
    proxy_seconds: tuple[float, float],
    look_seconds: tuple[float, float],
) -> WorkloadSpec:
    return WorkloadSpec(
        name=name,
        title=title,
        module=f"experiments.workloads.{name}",
        recipes=_FACE_RECIPES,
        usual_horizon_steps=100_000,
        batch_convention="per_side",
        data="generated",
        seconds_per_step=seconds,
        proxy_seconds_per_step=proxy_seconds,
        seconds_per_look=look_seconds,
        small_enough_for_cpu=False,
    )


def _digits(name: str, title: str, seconds: tuple[float, float]) -> WorkloadSpec:
    return WorkloadSpec(
        name=name,
        title=title,
        module=f"experiments.workloads.{name}",
        recipes=_DIGITS_RECIPES,
        usual_horizon_steps=600,
        batch_convention="total",
        data="digits",
        seconds_per_step=seconds,
        largest_batch_size=DIGITS_TRAINED_ON,
    )


WORKLOADS: Mapping[str, WorkloadSpec] = {
    spec.name: spec
    for spec in (
        _faces("original", "Original", (0.8, 0.23), (0.011, 0.0035), (2.5, 0.08)),
        _faces("dlight", "DLight", (0.4, 0.85), (0.018, 0.0245), (4.0, 0.36)),
        _faces("realface", "RealFace", (1.2, 2.1), (0.03, 0.018), (8.0, 0.27)),
        _digits("digits_mlp", "Digits MLP", (0.0006, 0.000003)),
        _digits("digits_cnn", "Digits CNN", (0.0016, 0.000035)),
    )
}
# The proxies that were timed, and that verification runs of a face model use.
PROXY_WIDTH = 16
PROXY_HORIZON_STEPS = 2_000


def find_spec(workload: str) -> WorkloadSpec | None:
    """Return the spec of a workload or of a proxy of it, or None if not ours."""
    try:
        name = WorkloadName.parse(workload)
    except ValueError:
        return None
    spec = WORKLOADS.get(name.base.lower())
    if spec is None or (name.is_proxy and not spec.can_shrink):
        return None
    return spec


def get_spec(workload: str) -> WorkloadSpec:
    """Return the spec, or raise UnknownWorkloadError with the nearest names."""
    spec = find_spec(workload)
    if spec is None:
        raise UnknownWorkloadError(
            workload,
            known=list(WORKLOADS),
            nearest=nearest_names(workload.split("@")[0], WORKLOADS),
        )
    return spec
