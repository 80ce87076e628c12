"""What the program says: plain words, whoever wrote the sentence."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("advisor", "knowledge", "experiments")
# Patterns and questions that are read, not said.
READ = ("advisor/reading", "knowledge/importers/faceswap/")
# A word of this house -> what a reader of today would say.
HOUSE_WORDS = {
    r"\b(?:stands?|stood) (?:the|a|it|up to|\{|\d)": "tolerate, work at",
    r"\bheld to be\b": "considered",
    r"\bgoes? (?:as|with) (?:the )?batch": "scales with",
    r"\btells? most\b": "most informative",
    r"\banew\b": "again",
    r"\bthin\b": "weak",
    r"\bhorizons?\b": "run length",
    r"\boctaves?\b": "factor of 2",
    r"\bin place of\b": "instead of",
    r"\bmerely\b": "only",
    r"\bshall\b": "should",
    r"\bcut short\b": "stopped early",
    r"\bkept back\b": "held out",
    r"\bmistake of ours\b": "bug",
    r"\bthe referee\b": "the verdicts",
    r"\b(?:its|of its|from|the) relatives\b|\bsiblings\b": "related models",
    r"\bspeaks? of (?!\{)": "applies to",
    r"\bthe (?:threshold|boundary)\b": "limit",
    r"\bP\(stable\)": "a share of runs that should last",
    r"\bteach(?:es)? the slope\b|\bthe slope\b": "trend with batch size",
    r"\bthe level\b": "the full model's limit",
    r"\bworkload called\b": "model called",
}
IS_PROSE = re.compile(r"[A-Za-z]+ [a-z]+ ")


def said_in(path: Path) -> list[tuple[int, str]]:
    """The sentences of a module that are no docstrings and no queries."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                part.value if isinstance(part, ast.Constant) else "{}"
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        is_query = text.lstrip().lower().startswith(("select ", "insert ", "create "))
        if id(node) not in docs and not is_query and IS_PROSE.search(text):
            found.append((node.lineno, text))
    return found


def modules() -> list[Path]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [p for p in paths if not p.relative_to(ROOT).as_posix().startswith(READ)]


def test_no_sentence_has_a_word_that_only_this_house_uses():
    odd = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]!r} -> {better}: {text[:90]}"
        for path in modules()
        for line, text in said_in(path)
        for pattern, better in HOUSE_WORDS.items()
        if (match := re.search(pattern, text))
    ]
    assert odd == []
