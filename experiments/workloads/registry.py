"""The workloads that can be trained here, found by name; loads no torch."""

from collections.abc import Mapping

from experiments.workloads.spec import WorkloadSpec
from knowledge.errors import UnknownWorkloadError
from knowledge.names import WorkloadName, nearest_names

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
