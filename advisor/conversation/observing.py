"""A person's own observation, read from what they wrote, as a run of theirs (pure).

"batch 8 at 8e-5 got blurry after 20k its on original" bounds the threshold from above.
Only what is told as having happened counts, and only after a yes; what may be read both
ways is never taken for a success.
"""

import re
from dataclasses import replace

from advisor.rates import rate_text
from advisor.reading.reading import read_text
from advisor.reading.symptom_patterns import PATTERNS, is_denied
from advisor.reading.symptoms import read_symptoms, tidy_symptoms
from advisor.reading.text import plain
from advisor.words import title_of
from knowledge.records import BF16, FP16, FP32, Claim, Outcome, Run

HELD, FAILED, IN_DOUBT = "stable", "unstable", "in doubt"

_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+|\n|,\s*(?=(?:so |and )?(?:why|what|is |should|how|can |could |any "
    r"|would |do |does |please|help))"
)
# What the words of symptoms say of a run. Memory and a validation loss say nothing of
# how stable it was, the speed of a step nothing at all.
_OF_A_FAILURE = frozenset(
    "not_a_number constant_output loss_up loss_swings blurry washed_out artefacts "
    "never_sharp".split()
)
_OF_A_DIVERGENCE = frozenset("not_a_number constant_output loss_up".split())
_OF_A_DOUBT = frozenset("odd_loss sides_alike one_side plateau spike slow".split())
_OF_SOMETHING_ELSE = tuple(
    pattern for name, pattern, _ in PATTERNS if name in ("out_of_memory", "overfit")
)
# Further words, which an answer about causes leaves unread or reads last.
_FAILED = (
    r"(?:fuzzy|nan|collapse\w*|collapsing|broke\w*|fail\w*|died|crash\w*|"
    r"went (?:bad|off|south|wrong|haywire|nuts|mad|crazy|wild|white|black|dark|blank|"
    r"bananas|wonky|weird|ape)|(?:turned|became|gone|got|goes|turns) (?:white|black|"
    r"dark|blank|gr[ae]y|ugly|bad|weird)|gr[ae]y|garbage|rubbish|gibberish|"
    r"nonsense|noise|static|trash|junk|bad|badly|terrible|awful|horrible|worse|ruined|"
    r"never recovered|"
    r"problems?|issues?|trouble|spik\w* and stay\w*|haywire|bananas|fell apart|falls? "
    r"apart|wreck\w*|destroyed|potato\w*|goo|mess\w*|deform\w*|distort\w*|"
    r"unrecogni\w*|ugly|melt\w*|vaseline|ghosts?|monsters?|doomed|toast|kaputt?|"
    r"catastroph\w*|disaster|blew|blown|blows?|bust\w*|tanked|unusable|corrupt\w*|"
    r"went flat|until it (?:\w+n'?t|broke)|hopeless|useless)"
)
# A loss that goes flat of a sudden has failed; one that is flat may have learned all.
_WENT_FLAT = re.compile(r"\bflat-?lin|\bflat loss|\b(?:went|turned|had a) flat")
_HELD = (
    r"(?:fine|stable|stably|sharp|crisp|good|great|well|clean|smooth(?:ly)?|"
    r"perfect(?:ly)?|alright|lovely|beautiful(?:ly)?|decent|"
    r"solid|clear|held(?: up)?|holds|survived|worked(?! (?:out|badly))|ok|okay)"
)
_NOT = (
    r"\b(?:no|not|never|without|hardly|barely|nothing|anything but|far from|"
    r"(?:did|do|does|is|are|was|were|has|have|had|wo|would|ca|could|ai)n'?t|cannot)"
    r"(?: (?:\w+|a|any|all|at all|so|really|look\w*|get\w*|got)){0,2}?"
)
_SIGNS = re.compile(rf"(?P<no>{_NOT} )?\b(?:(?P<failed>{_FAILED})|(?P<held>{_HELD}))\b")
# What leaves open how it ended, or tells of several runs at once.
_OPEN = re.compile(
    r"\b(?:until|till|at first|initially|for a while|no longer|not any ?more|used to|"
    r"mostly|sort of|kind of|more or less|almost|apart from|except|but|though|"
    r"then|afterwards?|later|suddenly|since|sometimes|half|most|some|"
    r"\d+ (?:of|out of) (?:\d+|the|my)|(?:one|two|three) (?:of|out of)|not sure|"
    r"unsure|i think|i guess|maybe|perhaps|probably)\b"
)
_SEVERAL_RUNS = re.compile(
    r"\b(?:sometimes|half (?:of|the)|most (?:of|runs|seeds)|some (?:of|runs|seeds)|"
    r"\d+ (?:of|out of) (?:\d+|the|my)|(?:one|two|three) (?:of|out of))\b"
)
_TOLD = re.compile(
    r"\b(?:got|went|was|were|became|turned|ran|run|held|blew|failed|diverged|exploded|"
    r"collapsed|broke|died|crashed|gave|gives|saw|had|have|has|trained|worked|works|"
    r"stayed|looked|looks|i've|never|didn'?t|did not|wasn'?t|been|swung|stays|after|at "
    r"step|at iter\w*|no|survived|melted|spiked|jumped|rose|climbed|left|lost|came|"
    r"fell|stopped|started|ended|produced|made|showed|tanked)\b"
)
# Failures are told in the present, too: "it blows up at 1e-4".
_TOLD_NOW = re.compile(
    r"\b(?:goes|turns|gets|getting|keeps|blows|diverges|explodes|collapses|becomes|"
    r"breaks|crashes|swings|oscillates|shows|melts|jumps|climbs|rises|is|are|looks?|"
    r"comes?|see|get|outputs?|produces|dissolves|loses?|increases|drops|lost|shot|"
    r"(?!need|speed|seed|indeed|feed|based|supposed)\w{3,}ed)\b|"
    r"^(?:nans?|blurry|mush)\b"
)
# Questions, fears, plans, what others say, and what broke besides the training.
_NOT_TOLD = re.compile(
    r"^\W*(?:is|are|does|do|did(?! (?:that|it|exactly|this))|will|why|what|which|how|"
    r"when|where|who|show|list|tell|explain|compare|find|run|give)\b|"
    r"\b(?:will|would|should|could|can|might|may|if|what if|whether|is it|are they|"
    r"going to|expect|afraid|worried|suppose|imagine|dream\w*|on paper|in theory|"
    r"someone|somebody|people|they|he|she|his|her|friends?'?s?|buddy'?s?|neighbou?r\w*|"
    r"brother|colleague\w*|guys?|users?|reddit|discord|youtube|video|tutorial|forum|post|"
    r"article|claims?|heard|read that|according|says|said|reported|does|do you|is that|"
    r"want\w*|need|hop(?:e|ing)|wish|prefer|safe|never (?:ran|run|tried|used|trained)|"
    r"not (?:run|tried|trained)|yet|"
    r"memory|oom|vram|cuda|power|disk|drive|driver|bluescreen|windows|pc|computer|"
    r"electricity|accident\w*)\b"
)
_STEPS = re.compile(
    r"(?P<number>\d[\d.,]*)\s*(?P<unit>k|m|thousand|million)?\s*(?:its?|iters?|"
    r"iterations?|steps?)\b"
)
_PRECISIONS = {
    precision: re.compile(
        rf"(?P<no>\b(?:without|not in|not with|not|no) )?\b(?:{words})\b"
        r"(?P<off> (?:was |is )?(?:off|disabled))?"
    )
    for precision, words in (
        (BF16, r"bf[ -]?16|bfloat[ -]?16"),
        (FP16, r"fp[ -]?16|float[ -]?16|16-mixed|(?:half|mixed)[ -]precision|amp"),
        (FP32, r"fp[ -]?32|float[ -]?32|(?:full|single) precision"),
    )
}
_UNITS = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}


def told_outcome(text: str) -> str | None:
    """Return how a run went, if a text tells of one: `stable`, `unstable`, `in doubt`.

    Well first and wrong later is a failure.

    >>> told_outcome("batch 8 at 8e-5 got blurry after 20k its on original")
    'unstable'
    >>> told_outcome("ran fine for 40k, then went NaN")
    'unstable'
    >>> told_outcome("looked fine, I guess") is IN_DOUBT
    True
    >>> told_outcome("is 8e-5 going to get blurry at batch 8?") is None
    True
    """
    sentences = [s for s in _SENTENCE_END.split(tidy_symptoms(text)) if s.strip()]
    told = [sentence for sentence in sentences if _is_told(sentence)]
    signs = [sign for sentence in told for sign in _signs(sentence)]
    if not signs:
        return None
    said = "\n".join(told)
    if HELD not in signs:
        is_one = FAILED in signs and not _SEVERAL_RUNS.search(said)
        return FAILED if is_one else IN_DOUBT
    if FAILED in signs:
        went_wrong_later = signs.index(FAILED) > _last(signs, HELD)
        is_one = went_wrong_later and not _names_several(said)
        return FAILED if is_one else IN_DOUBT
    others = [sentence for sentence in sentences if sentence not in told]
    is_clear = IN_DOUBT not in signs and not _OPEN.search(said)
    is_clear &= not any(FAILED in _signs(sentence) for sentence in others)
    return HELD if is_clear else IN_DOUBT


def is_told_of(text: str, batch_size: int, learning_rate: float) -> bool:
    """Whether what a text tells is of this batch size and rate.

    "At batch 4 9e-5 worked. What rate for batch 8?" tells nothing of batch 8.
    """
    if not _names_several(text):
        return True
    sentences = _SENTENCE_END.split(tidy_symptoms(text))
    told = read_text("\n".join(s for s in sentences if _is_told(s)), ()).roles
    sizes = {size for batch in told.batches for size in batch.values}
    return sizes == {batch_size} and set(told.all_rates) == {learning_rate}


def _is_told(sentence: str) -> bool:
    """Whether a sentence tells of what happened."""
    if sentence.endswith("?") or _NOT_TOLD.search(sentence):
        return False
    if any(pattern.search(sentence) for pattern in _OF_SOMETHING_ELSE):
        return False
    if _TOLD.search(sentence):
        return True
    return bool(_TOLD_NOW.search(sentence)) and HELD not in _signs(sentence)


def _last(signs: list[str], sign: str) -> int:
    return len(signs) - 1 - signs[::-1].index(sign)


def _names_several(text: str) -> bool:
    """Whether a text names several batch sizes or rates, which may each have ended."""
    roles = read_text(text, ()).roles
    sizes = {size for batch in roles.batches for size in batch.values}
    return len(sizes) > 1 or len(set(roles.all_rates)) > 1


def _signs(sentence: str) -> list[str]:
    """What the words of a sentence say, in their order.

    "Never blurry" says that it held, "not stable" that it failed.
    """
    found: list[tuple[int, str]] = []
    rest = sentence
    for name, pattern, keeps_words in PATTERNS:
        for match in list(pattern.finditer(rest)):
            is_failure = name in _OF_A_FAILURE or _WENT_FLAT.search(match[0])
            sign = FAILED if is_failure else IN_DOUBT
            is_denied_here = is_denied(rest, match, name)
            is_denied_here &= not match[0].startswith("never")
            if is_denied_here and name in _OF_A_FAILURE:
                found.append((match.start(), HELD))
            elif not is_denied_here and name in _OF_A_FAILURE | _OF_A_DOUBT:
                found.append((match.start(), sign))
            if not keeps_words:
                rest = _taken_out(rest, match.start(), match.end())
    for match in _SIGNS.finditer(rest):
        held = (match["held"] is None) == (match["no"] is not None)
        found.append((match.start(), HELD if held else FAILED))
    return [sign for _, sign in sorted(found)]


def _taken_out(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{'_' * (end - start)}{text[end:]}"


def told_steps(text: str) -> float | None:
    """Return for how many steps a run went, if that is said.

    >>> told_steps("ran fine at 5e-5 for 30k iterations")
    30000.0
    """
    said = plain(text).lower()
    counts = [count for match in _STEPS.finditer(said) if (count := _count(match))]
    if not counts and (step := read_symptoms(text).at_step):
        counts = [float(step)]
    return max(counts, default=None)


def _count(match: re.Match[str]) -> float | None:
    try:
        number = float(match["number"].replace(",", "").rstrip("."))
    except ValueError:
        return None
    return number * _UNITS.get(match["unit"] or "", 1.0)


def outcome_told(text: str, bound: str) -> Outcome:
    """Return the outcome of a run that held or failed, as a text tells it.

    >>> outcome_told("went NaN", FAILED), outcome_told("got blurry", FAILED)
    (<Outcome.DIVERGED: 'diverged'>, <Outcome.DEGRADED: 'degraded'>)
    """
    if bound == HELD:
        return Outcome.STABLE
    kinds = {kind.value for kind in read_symptoms(text).kinds}
    return Outcome.DIVERGED if kinds & _OF_A_DIVERGENCE else Outcome.DEGRADED


def told_precision(text: str) -> str | None:
    """Return the precision that a text tells a run had; None: unsaid.

    Who says no more than "mixed precision" means half precision, as programs do.

    >>> told_precision("with mixed precision"), told_precision("bf16-mixed, batch 4")
    ('fp16', 'bf16')
    >>> told_precision("without amp"), told_precision("at batch 4")
    ('fp32', None)
    """
    said = plain(text).lower()
    found = {name: pattern.search(said) for name, pattern in _PRECISIONS.items()}
    for precision, match in found.items():
        if match and not (match["no"] or match["off"]):
            return precision
    return FP32 if any(found.values()) else None


def told_text(told: Run | Claim) -> str:
    """Return what a person saw as a sentence without its full stop."""
    if isinstance(told, Claim):  # as earlier versions kept it
        return told.statement.rstrip(".")
    place = f"{title_of(told.workload)} at batch {told.batch_size}"
    said = [f"{rate_text(told.learning_rate)}: {_end_text(told)}"]
    if told.precision is not None:
        said.append(f"in {told.precision}")
    if told.metric_value is not None:
        said.append(f"{told.metric_name} {told.metric_value:g}")
    return ", ".join([place, *said])


def _end_text(run: Run) -> str:
    held = run.outcome is Outcome.STABLE
    words = {Outcome.STABLE: "held", Outcome.INCOMPLETE: "stopped early"}
    steps = run.failed_at_step or run.steps
    length = f" {'for' if held else 'after'} {steps:,} steps" if steps else ""
    return f"{words.get(run.outcome, 'failed')}{length}"  # type: ignore[arg-type]


def is_same_told(one: Run, other: Run | Claim) -> bool:
    """Whether two tell of the same place and end, in whatever words."""
    return isinstance(other, Run) and _said(one) == _said(other)


def _said(run: Run) -> Run:
    return replace(run, id="", created=None, note=None)
