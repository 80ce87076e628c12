"""The typed text, tidied, so that the modules after it see one spelling per word.

What was found is replaced by a private-use character (`Mark`). `tidy` removes these
from what people type, so nobody can type a marker.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

# A question is a sentence or two; of a pasted log the two ends tell what is wanted.
WORDS = Path(__file__).with_name("words.txt")
HEAD_CHARACTERS = 1500
TAIL_CHARACTERS = 500


class Mark:
    """The private-use characters that stand for what was found."""

    FIRST_NUMBER = 0xE000
    LAST_NUMBER = 0xEFFF
    FIRST_NAME = 0xF000
    LAST_NAME = 0xF3FF
    OPTIMIZER = "\uf400"
    CPU = "\uf401"
    CUDA = "\uf402"
    CUDAS = "\uf403"
    RATE = "\uf500"
    BATCH = "\uf501"
    OTHER = "\uf502"


NUMBER = f"[{chr(Mark.FIRST_NUMBER)}-{chr(Mark.LAST_NUMBER)}]"
NAME = f"[{chr(Mark.FIRST_NAME)}-{chr(Mark.LAST_NAME)}]"

_SUPERSCRIPT = re.compile("10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("×✕✖·∙⋅", "x"),
        "≈": "~",
        "√": "square root ",
        "∝": " proportional to ",
    }
)

_ORDINALS = dict(
    second=2, other=2, third=3, fourth=4, fifth=5, sixth=6, eighth=8, tenth=10
)
_SAME_WORD = [
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\blearn(?:ing)?[\s_-]?rates?\b", "lr"),
        (r"\bstep[\s_-]?sizes?\b", "lr"),
        (r"\bl\.r\.(?=\W|$)", "lr"),
        (r"\blrs\b|\blr's\b", "lr"),
        (r"\blr_?0\b(?!\.?\d)", "lr"),
        (r"\blr(?=[.\d])", "lr "),
        (r"\b(?:[a-z]+_)+batch_size\b|\bbatch_size_per_\w+", "batch"),
        (r"(?<!\S)--?b(?=[\s=]\s?\d)", "batch"),
        (r"\b(?:mini|micro)[\s_-]?batch(?:es)?\b|\bmicro(?= \d)", "batch"),
        (r"\bbatch[\s_-]?(?:sizes?|sz|gr(?:ö|oe)(?:ß|ss)en?)\b", "batch"),
        (r"\bbatch(?:es)?(?=\d)", "batch "),
        (r"\bbatches\b", "batch"),
        (r"\b(?:bs|bsz|bsize)(?=\d)", "batch "),
        (r"\b(?:bs|bsz|bsize)(?=[\W_]|$)", "batch"),
        (r"(?<![-\w])b(?=\s?[=:]?\s?\d+(?!\d|\.\d))", "batch "),
        (r"\b(?:square|sq)[\s-]?root\b|\bsqrt\b", "square root"),
        (r"\b(job|seed|epoch|step|x)(?=\d)", r"\1 "),
        (r"\bw/(?=\s|\w)\s?", "with "),
        (r"(?<=\d) ?(?:[-=]+>|>|→) ?(?=\d)", " → "),
        (r"\bper[_-](?=[a-z])", "per "),
        (r"(?<=\d)(?:bs|bsz)\b", " batch"),
        (r"\bmbs(?=\s?[=:]?\s?\d)", "batch"),
        (r"\bgas?(?=\s?[=:]?\s?\d)|\bgrad(?:ient)?[ _]acc\b", "accumulation"),
        (r"\bworld[ _]size ?[=:]? ?(\d+)", r"\1 devices"),
        (r"(?<=\d)(?=(?:gpus?|cards?)\b)", " "),
        (
            r"\b(?:a )?(?:pair|couple) of (?=gpus?\b|cards?\b|nodes\b|[a-z]{0,3}\d{3})",
            "2 ",
        ),
        *(
            (rf"\bevery {word}(?= (?:batch|step|iter|pass|backward))", f"every {i}")
            for word, i in _ORDINALS.items()
        ),
        (r"\bpls\b|\bplz\b", "please"),
        (r"\bwhats\b", "what's"),
        (r"\bhwo\b", "how"),
        (r"\bkil+\b", "kill"),
        (r"\bdual\b", "2 x"),
        (r"\bit'?s\b(?!\s?/)", "it is"),
    )
]

# Words worth restoring when mistyped: the patterns after this module look for them.
_KEYWORDS = (
    "learning batch fastest quickest largest biggest maximum compare verify "
    "verification "
    "cancel explain diverged diverging diverge blurry blurred proportional linear "
    "linearly inverse inversely square stable recommend recommended suggest scaling "
    "throughput preview running optimal highest momentum accumulation iterations"
).split()
# Real words that lie one slip away from a keyword.
_REAL_WORDS = frozenset(
    "leaning yearning bath back both bitch liner linger inverted converge reserve "
    "table "
    "staple stables squares squared escape cancels canceled cancelled explains "
    "explained "
    "compared compares verified verifies suggests suggested recommends scaled scalding "
    "lineal linearity learned learnings diverges divergent preview's previews inverses "
    "latest fattest largely stably prunning runnings optimally biggest maximums "
    "blurring "
    "batched batcher catch patch".split()
)


def tidy(text: str) -> str:
    """Return the text lower-cased, with one spelling per character and per word.

    >>> tidy("Learning-Rate for BS=16 — 10⁻⁴?")
    'lr for batch=16 - 10^-4?'
    """
    text = plain(text).lower()
    text = re.sub(r"[a-z]{4,14}", lambda match: _respell(match[0]), text)
    for pattern, word in _SAME_WORD:
        text = pattern.sub(word, text)
    return text


def plain(text: str) -> str:
    """Return the text with its case, shortened, in plain characters.

    Control, format and private-use characters go; digits become ASCII; a run of blanks
    becomes one (a line break stays one).
    """
    if len(text) > HEAD_CHARACTERS + TAIL_CHARACTERS:
        text = text[:HEAD_CHARACTERS] + "\n" + text[-TAIL_CHARACTERS:]
    text = _SUPERSCRIPT.sub(lambda match: "10^" + match[1], text)
    text = unicodedata.normalize("NFKC", text)[: HEAD_CHARACTERS + TAIL_CHARACTERS]
    text = "".join(map(_plain_character, text)).translate(_PLAIN)
    text = re.sub(r"[^\S\n]+", " ", text)
    return re.sub(r" ?\n\s*", "\n", text).strip()


@lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf":
        return ""
    if character == "\n":
        return character
    return " " if category.startswith(("C", "Z")) else character


@lru_cache(maxsize=4096)
def _respell(word: str) -> str:
    """Return the known word that a word is a slip of (two in a keyword), or itself."""
    if word in _REAL_WORDS or word in _KEYWORDS:
        return word
    slips = 1 if len(word) < 9 else 2
    for keyword, _, _ in process.extract(
        word, _KEYWORDS, scorer=OSA.distance, score_cutoff=slips, limit=3
    ):
        if keyword[0] == word[0] and not _is_inflected(word, keyword):
            return keyword
    if len(word) < _LEAST_LETTERS:
        close = (w for w in _FOUR_LETTERS if OSA.distance(w, word) == 1)
        return next((w for w in close if sorted(w) == sorted(word)), word)
    if word in _usual_words():
        return word
    near = process.extract(
        word, _usual_words(), scorer=OSA.distance, score_cutoff=1, limit=4
    )
    for usual, _, _ in near:
        exchanged = len(usual) == len(word) and sorted(usual) == sorted(word)
        if exchanged or (
            len(word) > _LEAST_LETTERS
            and usual[0] == word[0]
            and not _is_inflected(word, usual)
        ):
            return usual
    return word


_LEAST_LETTERS = 5
# Short words that are restored where two letters were exchanged: "stpo", "waht".
_FOUR_LETTERS = "stop test what safe help rate loss runs does done best good".split()


@lru_cache(maxsize=1)
def _usual_words() -> tuple[str, ...]:
    """The words that several questions hold, most used first."""
    return tuple(WORDS.read_text(encoding="utf-8").split())


def _is_inflected(word: str, keyword: str) -> bool:
    """Whether the word is another form of the keyword and not a slip."""
    return word.rstrip("seding") == keyword.rstrip("seding") and len(word) > len(
        keyword
    )
