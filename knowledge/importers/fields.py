"""Which column or setting says what, by the plain names of each thing (pure).

Shared by tables and by files of settings. Of several names the first of the list
counts: a rate that was set stands before one that a schedule had reached.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from knowledge.errors import BadValueError
from knowledge.importers.importer import FileOptions, shown
from knowledge.metrics import direction_of

_NAMES = {
    "workload": "workload task_name model model_name model_name_or_path base_model "
    "arch architecture network modell netz",
    "optimizer": "optimizer optimiser optimizer_name optimizer_type optimizer_class "
    "optim opt optimierer optim_name optim_type opt_name",
    "total_batch": "total_batch_size global_batch_size effective_batch_size "
    "batch_size_total total_train_batch_size",
    "batch_size": "batch_size per_device_train_batch_size per_device_batch_size "
    "per_gpu_train_batch_size per_gpu_batch_size micro_batch_size device_batch_size "
    "batch_size_per_gpu batch_size_per_device train_batch_size batchsize bs_per_gpu "
    "bs_per_device bs batch "
    "batchgroesse stapelgroesse",
    "accumulation": "gradient_accumulation_steps grad_accumulation_steps "
    "accumulate_grad_batches grad_accum_steps grad_accum gradient_accumulation "
    "accumulation_steps accumulation accum_steps accum",
    "devices": "devices num_devices n_devices num_gpus n_gpus n_gpu gpus gpu_count "
    "world_size data_parallel_size",
    "learning_rate": "learning_rate base_learning_rate base_lr initial_lr init_lr "
    "initial_learning_rate peak_lr peak_learning_rate lr0 learningrate lr lernrate "
    "max_lr max_learning_rate",
    "steps_or_tokens": "steps_or_tokens global_step trainer_global_step "
    "train_global_step step steps iter iters iteration iterations "
    "training_iteration num_steps n_steps "
    "tokens total_tokens schritte epoch epochs epoche epochen max_steps max_iters "
    "total_steps num_epochs num_train_epochs n_epochs max_epochs",
    "metric_name": "metric_name metric metrik",
    "metric_value": "metric_value value wert",
    "run_name": "run_name run_id run trial_id run_uuid name lauf",
    "source": "source quelle",
    "seed": "seed random_seed manual_seed zufallszahl",
    "outcome": "outcome",
    "failed_at_step": "failed_at_step",
    "device": "device accelerator geraet",
    "recipe": "recipe",
    "goal": "goal",
    "batch_convention": "batch_convention",
    "state": "state status run_state zustand",
}
NAMES = {field: names.split() for field, names in _NAMES.items()}
# What a group of settings, such as `optim.lr`, says by the last part of its name.
_GROUPED = (
    "total_batch batch_size accumulation devices learning_rate optimizer seed".split()
)
CUT_SHORT = (
    "running pruned pending preempted preempting queued waiting paused stopped "
    "interrupted scheduled cancelled canceled incomplete"
).split()
BROKEN_OFF = "crashed crash failed fail killed error errored timeout".split()
_PREFIXES = (
    "config params param user_attrs hparams hyperparameters hyperparams args "
    "train_config training_args training_arguments"
).split()
_GERMAN = (
    (r"verlust", "loss"),
    (r"genauigkeit", "accuracy"),
    (r"fehler", "error"),
    (r"validierungs?", "val"),
    (r"trainings", "train"),
)
_PREFIX = re.compile(rf"^(?:{'|'.join(_PREFIXES)})(?:[./]|_(?!size|accum))")
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_VALIDATION = frozenset("val valid validation eval evaluation test dev best".split())
_TRAINING = frozenset("train training".split())
_WHOLE = _TRAINING | set("total batch step epoch running avg average mean".split())


def plain(name: str) -> str:
    """A name in lower case, without what it was filed under.

    >>> plain("config.Batch Size"), plain("params_lr"), plain("Batch-Größe")
    ('batch_size', 'lr', 'batch_groesse')
    """
    spelled = _PREFIX.sub("", name.strip().lower().translate(_SPELLED))
    return re.sub(r"[^a-z0-9]+", "_", spelled).strip("_")


def find_fields(
    names: Iterable[str], mapped: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the column of each field that has one; what is mapped decides.

    >>> find_fields(["Lernrate", "lr", "config.bs"])
    {'batch_size': 'config.bs', 'learning_rate': 'lr'}

    Raises:
        BadValueError: What is mapped is no field, or no column.
    """
    columns = list(names)
    joined = {plain(name).replace("_", ""): name for name in reversed(columns) if name}
    found = {}
    for field, spellings in NAMES.items():
        hits = [joined[s] for one in spellings if (s := one.replace("_", "")) in joined]
        if hits:
            found[field] = hits[0]
        elif grouped := _grouped(field, columns):
            found[field] = grouped
    if "metric_name" not in found and found.get("metric_value") != "metric_value":
        found.pop("metric_value", None)  # whose value is not said
    for field, column in (mapped or {}).items():
        if field not in NAMES:
            raise BadValueError("map", field, expected=f"give {', '.join(NAMES)}.")
        if column not in columns:
            expected = f"the columns are {shown(columns)}."
            raise BadValueError("map", column, expected=expected)
        found[field] = column
    return found


def _grouped(field: str, columns: Iterable[str]) -> str | None:
    """The one setting in a group that says a field; of two it may be either.

    >>> _grouped("learning_rate", ["config.optim.lr", "train/lr"])
    'config.optim.lr'
    >>> _grouped("learning_rate", ["params/net.lr", "params/critic.lr"])
    """
    if field not in _GROUPED:
        return None
    ends = {spelling.replace("_", "") for spelling in NAMES[field]}
    hits = [
        name
        for name in columns
        if _PREFIX.match(name.strip().lower())
        and plain(re.split(r"[./]", name.strip())[-1]).replace("_", "") in ends
    ]
    return hits[0] if len(hits) == 1 else None


def metrics_among(names: Iterable[str], fields: Mapping[str, str]) -> list[str]:
    """Return the names that are known metrics, what is watched first.

    Losses on held-out data, then other metrics on it, then those of no said data, then
    those of training.

    >>> metrics_among(["train/loss", "val/acc", "val/loss", "momentum"], {})
    ['val/loss', 'val/acc', 'train/loss']
    """
    taken = set(fields.values())
    known = [
        name
        for name in names
        if name not in taken and not _PREFIX.match(name.lower()) and direction(name)
    ]
    return sorted(known, key=_rank)


def metric_to_watch(ranked: Collection[str]) -> str | None:
    """Return the first of ranked metrics; None where two have an equal claim."""
    ranked = list(ranked)
    if not ranked or (len(ranked) > 1 and _rank(ranked[0]) == _rank(ranked[1])):
        return None
    return ranked[0]


def training_losses(names: Iterable[str]) -> list[str]:
    """Return the names that are the whole loss of training, and no part of it.

    A part may well rise while the whole falls, and so may a loss on held-out data.

    >>> training_losses(["train/loss", "val/loss", "policy_loss", "loss_step", "acc"])
    ['train/loss', 'loss_step']
    """
    return [
        name
        for name in names
        if {"loss"} == set(re.findall(r"[a-z]+", english(name).lower())) - _WHOLE
    ]


def english(name: str) -> str:
    """A metric's name in English, if its words are German; else as it stands.

    >>> english("Val-Verlust"), english("Testgenauigkeit"), english("val/loss")
    ('val_loss', 'test_accuracy', 'val/loss')
    """
    spelled = plain(name)
    for german, word in _GERMAN[:3]:
        spelled = re.sub(rf"_?{german}$", f"_{word}", spelled)
    if spelled == plain(name):
        return name.strip()
    for german, word in _GERMAN[3:]:
        spelled = re.sub(rf"^{german}_", f"{word}_", spelled)
    return spelled.strip("_")


def direction(name: str) -> str | None:
    """Return which way a metric of a file goes, its name in English or German."""
    return direction_of(english(name))


def _rank(name: str) -> tuple[int, int, int]:
    words = re.findall(r"[a-z]+", english(name).lower())
    held_out = bool(_VALIDATION & set(words))
    part = 0 if held_out else 2 if _TRAINING & set(words) else 1
    is_loss = direction(name) == "min"
    total = words[-1:] == ["loss"] and len(words) <= 2
    return part, 0 if is_loss else 1, 0 if total else 1


def effective_batch(
    said: Mapping[str, str], asked: FileOptions
) -> tuple[str, str | None]:
    """Return examples per optimizer step as text, and how it was reckoned, if it was.

    Args:
        said: What the file says, by field.
        asked: What the person says: a stated total wins.

    >>> effective_batch({"batch_size": "8", "accumulation": "4"}, FileOptions())
    ('32', '8 x 4 accumulation')
    """
    total = asked.says("batch_size") or said.get("total_batch", "")
    if total:
        return total, None
    batch = said.get("batch_size", "")
    factors = [
        (number, name)
        for name in ("accumulation", "devices")
        if (number := _factor(asked.says(name) or said.get(name, ""))) > 1
    ]
    try:
        product = float(batch)
    except ValueError:
        return batch, None
    if not factors:
        return batch, None
    for number, _ in factors:
        product *= number
    way = " x ".join([batch, *(f"{number} {name}" for number, name in factors)])
    return f"{product:.17g}", way


def _factor(text: str) -> int:
    """A count, where one is said: `auto` and -1 say none."""
    try:
        number = float(text)
    except ValueError:
        return 1
    return int(number) if number >= 1 and number % 1 == 0 else 1
