"""faceswap's `NAME_state.json` of any era, as sessions with what was set (pure).

The file says neither the era nor the betas: the start of a session tells them. Batch
size and rate may change from one session to the next and never within one.

Source of all facts: deepfakes/faceswap, plugins/train/model/_base/state.py and
lib/training/lr_finder.py, in versions from 2019 to 2026.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from knowledge.recipes import RECIPES
from knowledge.records import FP16, FP32

_FIRST_RELEASE = datetime(2017, 12, 1, tzinfo=UTC).timestamp()
_BETAS_OF_2021 = datetime(2020, 8, 1, tzinfo=UTC).timestamp()
_BETAS_AS_OPTIONS = datetime(2025, 12, 1, tzinfo=UTC).timestamp()
_CHOICE_OF_OPTIMIZER = datetime(2022, 1, 1, tzinfo=UTC).timestamp()
# Betas (0.5, 0.999), and the sides in turn: nothing here trains so, and no recipe of
# ours has the name, so that such runs are kept apart.
EARLIEST = "faceswap-2019"
_NONE = ("", "none", "false", "0", "0.0")
# What the recipes hold, by the names of options; absent is as usual.
_USUAL = {
    "loss_function": ("ssim",),
    "dssim_loss": ("true",),
    "loss_function_2": ("mse",),
    "loss_weight_2": ("100", "100.0"),
    "l2_reg_term": ("100", "100.0"),
    "loss_function_3": _NONE,
    "loss_function_4": _NONE,
    "epsilon_exponent": ("-7", "-7.0"),
    "gradient_clipping": _NONE,
    "clipnorm": _NONE,
    "autoclip": _NONE,
    "weight_decay": _NONE,
    "ada_amsgrad": _NONE,
}
# Of the models' own options those that change what is trained.
_OWN = (
    "lowmem features details input_size output_size dense_nodes complexity_encoder "
    "complexity_decoder learn_mask"
).split()


@dataclass(frozen=True)
class SetUp:
    """What is the same all through a session; None is what the file does not say.

    `batch_size` is faces of each side a step, those gathered over `accumulation`
    iterations counted. `recipe` is one of ours only where all it holds is so.
    """

    batch_size: int | None
    learning_rate: float | None
    accumulation: int
    precision: str | None
    recipe: str | None
    is_of_finder: bool = False

    def is_like(self, other: "SetUp") -> bool:
        """Whether a training that goes on so is still the same training."""
        mine, its = self.learning_rate, other.learning_rate
        same_rate = mine == its or bool(
            mine and its and math.isclose(mine, its, rel_tol=1e-6)
        )
        rest = [
            (s.batch_size, s.accumulation, s.precision, s.recipe) for s in (self, other)
        ]
        return same_rate and rest[0] == rest[1]


@dataclass(frozen=True)
class Session:
    """One launch: its number, start (Unix time), iterations, and what was set."""

    number: int
    started: float | None
    iterations: int
    is_logged: bool
    set_up: SetUp


@dataclass(frozen=True)
class Model:
    """What a state file says: sessions in order, those of no iteration left out.

    `lowest_loss` is over all sessions; `options`: the model's own, as text.
    `unaccounted`: iterations that no session of the file tells of.
    """

    name: str
    optimizer: str
    sessions: tuple[Session, ...]
    lowest_loss: float | None
    options: Mapping[str, str]
    unaccounted: int


def model_of(state: Any) -> Model | None:
    """Return what a state tells; None where it is no state of such a model."""
    if not is_state(state):
        return None
    sessions = tuple(sorted(_sessions(state), key=lambda one: one.number))
    config = _mapping(state.get("config"))
    lowest = state.get("lowest_avg_loss")
    sides = [_number(n) for n in lowest.values()] if isinstance(lowest, dict) else []
    known = [side for side in sides if side is not None]
    total = sum(known) if sides and len(known) == len(sides) else _number(lowest)
    reached = _number(state.get("iterations")) or 0
    told = sum(session.iterations for session in sessions)
    return Model(
        name=_text(state.get("name")).strip(),
        optimizer=_optimizer(config, sessions),
        sessions=sessions,
        lowest_loss=total if total else None,
        options={key: _text(config[key]) for key in _OWN if key in config},
        unaccounted=max(0, int(reached) - told),
    )


def is_state(state: Any) -> bool:
    """Whether a JSON document has the form of such a state."""
    return (
        isinstance(state, dict)
        and isinstance(state.get("sessions"), dict)
        and "name" in state
    )


def _sessions(state: Mapping[str, Any]) -> Iterator[Session]:
    options = _mapping(state.get("config"))
    kept = {k: s for k, s in state["sessions"].items() if isinstance(s, dict)}
    for key, session in kept.items():
        iterations = _whole(session.get("iterations"))
        if not key.isdecimal() or len(key) > 9 or not iterations:
            continue
        own = _mapping(session.get("config"))
        started = _number(session.get("timestamp"))
        if started is not None and not _FIRST_RELEASE < started < 2**33:
            started = None
        # What stands in the options is of the last session; with one it is of that.
        rate = own.get("learning_rate", options.get("learning_rate"))
        if "learning_rate" not in own and len(kept) > 1:
            rate = None
        found = _number(state.get("lr_finder")) or -1.0
        is_of_finder = int(key) == 1 and found > 0
        held = {**options, **own}
        accumulation = _whole(held.get("gradient_accumulation")) or 1
        batch = _whole(session.get("batchsize"))
        set_up = SetUp(
            batch_size=batch * accumulation if batch else None,
            learning_rate=found if is_of_finder else _positive(rate),
            accumulation=accumulation,
            precision=_precision(held.get("mixed_precision")),
            recipe=_recipe(started, held),
            is_of_finder=is_of_finder,
        )
        is_logged = not session.get("no_logs")
        yield Session(int(key), started, iterations, is_logged, set_up)


def _recipe(started: float | None, held: Mapping[str, Any]) -> str | None:
    """The recipe of the era, with whatever is not as that recipe holds it."""
    if started is None:
        return None
    if started < _BETAS_OF_2021:
        era = EARLIEST
    elif started >= _BETAS_AS_OPTIONS and "ada_beta_1" in held:
        era = "faceswap-3"
    else:
        era = "faceswap-2021"
    usual = dict(_USUAL)
    if era == "faceswap-3":
        betas = RECIPES[era].betas or ()
        pairs = zip(("ada_beta_1", "ada_beta_2"), betas, strict=True)
        usual |= {key: (str(beta),) for key, beta in pairs}
    if "loss_function" in held:
        del usual["dssim_loss"]
    odd = [
        f"{key} {_text(held[key])}"
        for key, values in usual.items()
        if key in held and _text(held[key]).lower() not in values
    ]
    return ", ".join([era, *odd])[:150]


def _optimizer(config: Mapping[str, Any], sessions: tuple[Session, ...]) -> str:
    """The optimizer's name: Adam where there was no other; empty: not said."""
    if named := _text(config.get("optimizer")).strip():
        return named
    started = [session.started for session in sessions[:1]]
    is_old = any(
        start is not None and start < _CHOICE_OF_OPTIMIZER for start in started
    )
    return "adam" if is_old else ""


def _precision(mixed: Any) -> str | None:
    return (FP16 if mixed else FP32) if isinstance(mixed, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    number = _number(value)
    text = f"{number:g}" if number is not None else str(value)
    return "".join(c if c.isprintable() else "?" for c in text)[:40]


def _number(value: Any) -> float | None:
    """A finite number; true, false and text are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    is_count = number is not None and 1 <= number < 2**40 and number % 1 == 0
    return int(number) if number is not None and is_count else None
