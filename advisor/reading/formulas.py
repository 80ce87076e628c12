"""Questions about formulas, and the numbers that formulas ask for (pure).

"124M parameters on 10B tokens", "Llama 3.1 8B", "a batch of 256k tokens", "width 768".
"""

import re
from dataclasses import dataclass

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_NUMBER = r"(\d+(?:\.\d+)?)\s?"
_TOKENS = re.compile(
    rf"(?:\bd\s*=\s*{_NUMBER}([kmbt]))|{_NUMBER}([kmbt])?(?:illion)?[- ]?tok(?:en)?s?\b"
)
_PARAMETERS = re.compile(
    rf"(?:\bn\s*=\s*{_NUMBER}([kmb]))|(?<![\w.]){_NUMBER}([mb])(?:illion)?\b"
)
_WIDTH = re.compile(
    r"\b(?:d_?model|hidden[_ ]size|width|n_embd)\s*(?:=|:|of|is)?\s*(\d{2,6})\b"
)
_MAKER = re.compile(r"llama|qwen")
_LORA = re.compile(r"\b\w*lora\b")
_BATCH = re.compile(r"\bbatch(?:[ _-]?size)?\b[^.;,]{0,12}$|\bper step\b")
_RULE = r"\b(?:linear|square[- ]?root|sqrt)\b"
_FORMULAS = re.compile(
    r"\bformulas?\b|\bstep[- ]?law\b|\bnanochat'?s?\b[^.?!]{0,20}\b(?:rule|scal)|"
    r"\btinker(?:'s)?\b|\bwhat (?:do|would) the (?:rules|papers|scaling (?:rule|law)s) "
    rf"(?:of thumb )?(?:say|give|predict)|{_RULE}[^.?!]{{0,25}}\b(?:and|or|vs|versus)\b"
    rf"[^.?!]{{0,25}}{_RULE}[^.?!]{{0,40}}\b(?:say|give|predict|number)"
)
SMALLEST_CORPUS = 1e8  # tokens: fewer are a batch


@dataclass(frozen=True)
class ModelNumbers:
    """What a text says of a language model; None: nothing."""

    parameters: float | None = None
    tokens: float | None = None
    batch_tokens: float | None = None
    hidden_size: int | None = None
    maker: str | None = None
    is_lora: bool = False


def asks_of_formulas(text: str) -> bool:
    """Whether a text asks what formulas of others give.

    >>> asks_of_formulas("what does the Step Law say for 124M parameters?")
    True
    >>> asks_of_formulas("5e-4 x batch/512 at batch 64")
    False
    """
    return bool(_FORMULAS.search(text.lower()))


def read_model_numbers(text: str) -> ModelNumbers:
    """Return the numbers a text says of a language model.

    >>> read_model_numbers("N=124M, D=10B: what does the step law say?").tokens
    10000000000.0
    >>> read_model_numbers("batch of 256k tokens").batch_tokens
    256000.0
    """
    text = text.lower()
    counts = [(m, _value(m)) for m in _TOKENS.finditer(text)]
    rest = _TOKENS.sub(" ", text)
    parameters = _PARAMETERS.search(rest)
    width = _WIDTH.search(rest)
    maker = _MAKER.search(rest)
    in_batch = [
        n for m, n in counts if _BATCH.search(text[: m.start()]) or n < SMALLEST_CORPUS
    ]
    return ModelNumbers(
        parameters=None if parameters is None else _value(parameters),
        tokens=next((n for _, n in counts if n not in in_batch), None),
        batch_tokens=next(iter(in_batch), None),
        hidden_size=None if width is None else int(width[1]),
        maker=None if maker is None else maker[0],
        is_lora=bool(_LORA.search(text)),
    )


def _value(found: re.Match[str]) -> float:
    number, unit = (
        next((g for g in pair if g), "")
        for pair in ((found[1], found[3]), (found[2], found[4]))
    )
    return float(number) * _UNITS[unit]
