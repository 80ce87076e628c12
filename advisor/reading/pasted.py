"""Settings pasted from other programs -> the words for them (pure).

Config files, JSON, keyword arguments and flags name things by keys. What a key means
is told by its parts, so that spellings nobody listed are read too; a number under any
other key is neither a rate nor a batch size, and goes.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.optimizers import KNOWN, canonical_optimizer


class Key(StrEnum):
    """What a key of a config says."""

    TOTAL = "total"
    PER_DEVICE = "per device"
    BATCH = "batch"
    ACCUMULATION = "accumulation"
    DEVICES = "devices"
    RATE = "lr"
    OPTIMIZER = "optimizer"
    MODEL = "model"
    PRECISION = "precision"
    STEPS = "steps"
    OTHER = "other"


_MEANINGS = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        (
            Key.ACCUMULATION,
            r"_accum|accum\w*_|^(?:update_freq|acc_steps|grad_acc|gas?)$",
        ),
        (
            Key.OTHER,
            r"(?:eval|val|test|valid)\w*_batch|^(?:min|end|final|text_encoder)_lr|"
            r"lrf$|sched|decay|warm|batch_norm|num_batch|max_batch",
        ),
        (Key.TOTAL, r"(?:effective|global|total)_(?:\w+_)?(?:batch|bs)"),
        (
            Key.PER_DEVICE,
            r"(?:micro|per_\w+)_(?:\w+_)?(?:batch|bs)|(?:batch|bs)\w*_per_|"
            r"micro_?(?:batch|bs)|^mbs$",
        ),
        (Key.BATCH, r"^(?:\w+_)?(?:batch(?:_?size)?|bsz?)$|^b$"),
        (
            Key.DEVICES,
            r"^(?:n|num|nr)?_?(?:gpus?|devices|cards|processes|workers_dp)$|"
            r"^world_size$|^nproc_per_node$",
        ),
        (
            Key.RATE,
            r"^(?:\w+_)?lr(?:_?0|_init)?$|^(?:\w+_)?learning_?rate(?:_init)?$|^eta$",
        ),
        (Key.OPTIMIZER, r"^opt$|^optim(?:i[sz]er)?(?:_(?:type|name|class))?$"),
        (
            Key.MODEL,
            r"^(?:\w+_)?model(?:_(?:name|type|init|id|path|name_or_path))*$|^arch$|"
            r"^architecture$|^net$|^network$|^backbone$|^trainer$|^workload$|"
            r"^pretrained$",
        ),
        (Key.STEPS, r"^(?:(?:max|num|total|train|n)_)*(?:it|iters?|iterations|steps)$"),
        (Key.PRECISION, r"precision|^(?:torch_)?dtype$|^amp$|^(?:fp|bf)16$"),
    )
)
# One letter says something only as a flag.
_FLAGS = {
    "b": "batch",
    "bs": "batch",
    "t": "trainer",
    "a": "arch",
    "lr": "lr",
    "it": "it",
}
_UNKNOWN = re.compile(r"(?:\?+|\.\.\.|null|none|todo|auto|max|tbd|unset|)$", re.I)
_VALUE = (
    r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|"
    r"(?P<bare>[^\s,;{}()\[\]<>\"'#=-][^\s,;{}()\[\]<>\"'=]*|-\d[^\s,;{}]*))"
)
_SETTING = re.compile(
    r"(?:(?<![\w-])--?(?P<flag>[A-Za-z][\w-]*)(?:[ =]" + _VALUE + r")?"
    r"|(?<![\w./-])[\"']?(?P<key>[A-Za-z][\w.]*)[\"']?[ ]*(?P<sep>[=:])(?!=)[ ]*"
    + _VALUE.replace("?P<double>", "?P<double2>")
    .replace("?P<single>", "?P<single2>")
    .replace("?P<bare>", "?P<bare2>")
    + r"?)"
)
_BLOCK = re.compile(r"(?m)^(\s*)(model|network|optimi[sz]er):\s*\n\s*(?:name|type):")
_NUMBER = re.compile(r"[-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_ENDS = re.compile(r"\.(?:pt|pth|ckpt|safetensors|ya?ml|json|onnx|bin)$", re.IGNORECASE)
_PRECISION = re.compile(
    r"(?:(?:torch\.)?(?:bf|fp|tf|float|bfloat)?(?:16|32)\b.*|true|false|yes|no|on|off|"
    r"half|mixed|full|none|amp|)$",
    re.IGNORECASE,
)
_OFF = frozenset("no false off 0 none fp32 float32 32".split())


@dataclass(frozen=True)
class Setting:
    """One key and its value, and where they stand."""

    key: Key
    name: str
    value: str
    span: tuple[int, int]

    @property
    def number(self) -> int | None:
        """The value as a whole number, if it is one."""
        digits = self.value.rstrip(".").replace(",", "").replace("_", "")
        return int(digits) if digits.isdigit() and len(digits) < 9 else None


def settings_in_words(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text with its settings in words, and how the batch size came about.

    >>> settings_in_words("--per_device_train_batch_size=2 --grad_accum 8 --lr 1e-4")
    ('batch 16,  lr 1e-4', ('2 x 8 = 16.',))
    """
    text = _BLOCK.sub(r"\1\2:", text)
    settings = [s for match in _SETTING.finditer(text) if (s := _setting_of(match))]
    if not any(s.key is not Key.OTHER or "_" in s.name for s in settings):
        return text, ()
    words = {s.span: _WORDS[s.key](s) for s in settings}
    told = "".join(
        text[end:start]
        for end, start in zip(
            [0, *(s.span[1] for s in settings)],
            [*(s.span[0] for s in settings), len(text)],
            strict=True,
        )
    )
    # "want accumulation 5" speaks of another setting than the pasted one.
    notes = () if "accum" in told.lower() else _with_effective_batch(settings, words)
    starts = {start for start, _ in words}
    for (start, end), said in sorted(words.items(), reverse=True):
        comma = "," if said and end + 1 in starts else ""  # no "16 models"
        text = f"{text[:start]}{said}{comma}{text[end:]}"
    return re.sub(r"[{}\[\]\"]|(?m:^\s*-{2,}\s*$)", " ", text).strip(), notes


def _setting_of(match: re.Match[str]) -> Setting | None:
    """The setting that stands here; None where it is a word of a sentence."""
    flag = match["flag"]
    name = (flag or match["key"]).replace("-", "_").rpartition(".")[2]
    quoted = ("double", "single", "bare") if flag else ("double2", "single2", "bare2")
    value = next((match[group] for group in quoted if match[group] is not None), "")
    if flag and len(name) <= 2:
        name = _FLAGS.get(name, f"_{name}")  # of one letter, capitals mean others
    name = name.lower()
    key = next((k for k, pattern in _MEANINGS if pattern.search(name)), Key.OTHER)
    is_word = not (flag or "_" in name or match["sep"] == "=" or _is_line(match))
    if key is Key.OTHER and (is_word or not _NUMBER.fullmatch(value)):
        return None
    end = match.end()
    if key is Key.OTHER or _fits(key, value):
        return Setting(key, name, value, (match.start(), end))
    return None


def _is_line(match: re.Match[str]) -> bool:
    """Whether a key and its value have a line of a file to themselves."""
    text, start, end = match.string, match.start(), match.end()
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end:].partition("\n")[0].partition("#")[0]
    return "\n" in text and not before.strip(" \t-") and not after.strip(" ,")


def _fits(key: Key, value: str) -> bool:
    """Whether a value is one for such a key; else the text stands as it is."""
    is_number = bool(_NUMBER.fullmatch(value))
    if key in (Key.MODEL, Key.OPTIMIZER):
        return len(value) > 1 and not is_number and not _UNKNOWN.match(value)
    if key is Key.PRECISION:
        return bool(_PRECISION.match(value))
    return is_number or bool(_UNKNOWN.match(value))


def _valued(word: str) -> Callable[[Setting], str]:
    """The word for a key with its value, or with none where it is asked for."""
    return lambda s: f"{word} {'?' if _UNKNOWN.match(s.value) else s.value}"


def _model(s: Setting) -> str:
    return f"model: {_ENDS.sub('', s.value.rstrip('/').rpartition('/')[2])}"


def _precision(s: Setting) -> str:
    named = s.name if s.name in ("fp16", "bf16") else "mixed precision"
    if s.value.lower() in _OFF:
        return "without mixed precision"
    return s.value if re.search(r"\d", s.value) else named


_WORDS: dict[Key, Callable[[Setting], str]] = {
    Key.TOTAL: _valued("effective batch"),
    Key.PER_DEVICE: _valued("batch"),
    Key.BATCH: _valued("batch"),
    Key.ACCUMULATION: _valued("accumulation"),
    Key.DEVICES: lambda s: f"{s.value} gpus",
    Key.RATE: _valued("lr"),
    Key.OPTIMIZER: lambda s: optimizer_named(s.value) or s.value,
    Key.MODEL: _model,
    Key.PRECISION: _precision,
    Key.STEPS: lambda s: f", for {s.value} steps,",
    Key.OTHER: lambda s: f"; {s.name.replace('_', ' ')};",
}


def optimizer_named(word: str) -> str | None:
    """The optimizer that a framework's spelling names, if it names one."""
    name = canonical_optimizer(word)
    return name if name in KNOWN else None


def _with_effective_batch(
    settings: Sequence[Setting], words: dict[tuple[int, int], str]
) -> tuple[str, ...]:
    """Say the batch size over all devices and steps of accumulation, and how it came.

    A total that is written wins. `batch_size` beside a smaller one of each device is
    such a total.
    """
    found = {key: [s for s in settings if s.key is key and s.number] for key in Key}
    if any(len(found[key]) > 1 for key in _PARTS):
        return ()  # several set-ups, one after the other
    total, each = found[Key.TOTAL], found[Key.PER_DEVICE] or found[Key.BATCH]
    if found[Key.PER_DEVICE] and found[Key.BATCH] and not total:
        total = found[Key.BATCH]
    factors = [*each, *found[Key.ACCUMULATION], *found[Key.DEVICES]]
    factors.sort(key=lambda s: s.span)
    if not (total or each) or len([*total, *factors]) < 2:
        return ()
    kept = (total or each)[0]
    for setting in (*total, *factors):
        words[setting.span] = ""
    is_gpu = any("gpu" in s.name for s in settings if s.number)
    sizes = [s.number or 1 for s in factors]
    size = kept.number if total else math.prod(sizes)
    words[kept.span] = f"batch {size}" + (" on cuda" if is_gpu else "")
    return () if total else (f"{' x '.join(map(str, sizes))} = {size}.",)


_PARTS = (Key.TOTAL, Key.PER_DEVICE, Key.BATCH, Key.ACCUMULATION, Key.DEVICES)
