"""The workloads that can be trained here, found by name; loads no torch.

Built in, registered in this process, or in files that an environment variable names:
every process of ours inherits that, so a worker finds what the app has found.
"""

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from experiments.workloads.spec import SettingsSnippet, WorkloadSpec, check_spec
from knowledge.errors import SettingsError, UnknownWorkloadError
from knowledge.names import WorkloadName, nearest_names

FILES_VARIABLE = "LR_ADVISOR_WORKLOADS"

# The default first, then the rest, then the variants that test a hypothesis.
_FACE_RECIPES = (
    *("faceswap-2021", "faceswap-3"),
    *("faceswap-2021-halflife", "faceswap-2021-eps"),
)
_DIGITS_RECIPES = (
    *("adam", "sgd", "momentum", "adamw"),
    *("sgd-sum", "adam-sum", "sgd-warmup", "adam-warmup"),
)
_DIGITS_TRAINED_ON = 1437  # four fifths of scikit-learn's 1,797
_FACESWAP = SettingsSnippet(
    "faceswap",
    "[global]\nlearning_rate = {learning_rate}\n"
    "# on the command line: --batch-size {batch_size}",
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
        module=f"experiments.workloads.faces.{name}",
        kind="faces",
        recipes=_FACE_RECIPES,
        metric="held_out_mse",
        goal="min",
        usual_horizon_steps=100_000,
        is_session=True,
        examples_per_item=2,
        usual_batch_sizes=(2, 5, 12),  # the forum's half, fastest and largest batches
        timed_batch_sizes=(1, 2, 4, 5, 8, 9, 12, 16, 24, 32),
        data="generated",
        seconds_per_step=seconds,
        proxy_seconds_per_step=proxy_seconds,
        seconds_per_look=look_seconds,
        small_enough_for_cpu=False,
        settings_snippet=_FACESWAP,
    )


def _digits(model: str, title: str, seconds: tuple[float, float]) -> WorkloadSpec:
    return WorkloadSpec(
        name=f"digits_{model}",
        title=title,
        module=f"experiments.workloads.digits.{model}",
        kind="digits",
        recipes=_DIGITS_RECIPES,
        metric="validation_accuracy",
        goal="max",
        usual_horizon_steps=600,
        usual_batch_sizes=(32, 128, 512),
        timed_batch_sizes=(4, 8, 16, 32, 64, 128, 256, 512),
        data="digits",
        seconds_per_step=seconds,
        largest_batch_size=_DIGITS_TRAINED_ON,
    )


BUILT_IN = (
    _faces("original", "Original", (0.8, 0.23), (0.011, 0.0035), (2.5, 0.08)),
    _faces("dlight", "DLight", (0.4, 0.85), (0.018, 0.0245), (4.0, 0.36)),
    _faces("realface", "RealFace", (1.2, 2.1), (0.03, 0.018), (8.0, 0.27)),
    _digits("mlp", "Digits MLP", (0.0006, 0.000003)),
    _digits("cnn", "Digits CNN", (0.0016, 0.000035)),
)


class Registry(Mapping[str, WorkloadSpec]):
    """Specs by name, in lower case; those of named files are read when first asked."""

    def __init__(self, specs: Iterable[WorkloadSpec] = ()):
        self._specs: dict[str, WorkloadSpec] = {}
        for spec in specs:
            self.register(spec)

    def register(self, spec: WorkloadSpec) -> None:
        """Let a workload be found in this process.

        Raises:
            ValueError: Its name is another's, or a field cannot be right.
        """
        self._specs = _with(self._specs, spec)

    def _all(self) -> Mapping[str, WorkloadSpec]:
        specs = self._specs
        for path in os.environ.get(FILES_VARIABLE, "").split(os.pathsep):
            for spec in _specs_of(Path(path)) if path else ():
                try:
                    specs = _with(specs, spec)
                except ValueError as error:
                    raise SettingsError(_unusable(path, str(error))) from error
        return specs

    def __getitem__(self, name: str) -> WorkloadSpec:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _with(
    specs: Mapping[str, WorkloadSpec], spec: WorkloadSpec
) -> dict[str, WorkloadSpec]:
    check_spec(spec)
    name = spec.name
    if specs.get(name, spec) != spec:
        raise ValueError(f"the name '{name}' is taken by {specs[name].title}")
    return {**specs, name: spec}


@lru_cache(maxsize=64)
def _specs_of(path: Path) -> tuple[WorkloadSpec, ...]:
    """The `WORKLOADS` of a file, which is loaded once; its name is its path's own."""
    name = f"workload_{sha256(str(path).encode()).hexdigest()[:12]}"
    try:
        found = importlib.util.spec_from_file_location(name, path)
        if found is None or found.loader is None:
            raise ImportError("it is no Python file")
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module  # where `module=__name__` of a spec finds it
        found.loader.exec_module(module)
        specs = tuple(module.WORKLOADS)
    except Exception as error:  # a person's own file may raise anything
        sys.modules.pop(name, None)
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(_unusable(path, reason)) from error
    if not all(isinstance(spec, WorkloadSpec) for spec in specs):
        raise SettingsError(_unusable(path, "WORKLOADS holds what is no WorkloadSpec"))
    return specs


def _unusable(path: object, reason: str) -> str:
    return f"{FILES_VARIABLE} names {path}, which cannot be used ({reason})."


WORKLOADS = Registry(BUILT_IN)


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


def examples_per_item(workload: str) -> int:
    """Return how many examples one of a batch stands for; 1 for a workload not ours."""
    spec = find_spec(workload)
    return 1 if spec is None else spec.examples_per_item


def names_of_kind(kind: str) -> tuple[str, ...]:
    """Return the workloads of a kind, which people name together.

    >>> names_of_kind("digits")
    ('digits_mlp', 'digits_cnn')
    """
    return tuple(spec.name for spec in WORKLOADS.values() if spec.kind == kind)
