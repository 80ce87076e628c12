"""Findings -> the page docs/explanation/the-two-seeds.md (pure)."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence.selecting import has_failed
from advisor.evidence.trajectories import is_labelled
from advisor.scaling.records import Verdict
from benchmarks.two_seeds.article import article_findings
from benchmarks.two_seeds.findings import (
    Finding,
    Picture,
    Table,
)
from benchmarks.two_seeds.forum import forum_findings
from benchmarks.two_seeds.lengths import length_findings
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.reasons import reason_findings

PICTURES = "../pictures"
_MARKS = {
    Verdict.SUPPORTED: "Supported",
    Verdict.CONTRADICTED: "Contradicted",
    Verdict.UNDECIDED: "Undecided",
}


@dataclass(frozen=True)
class Section:
    """A part of the page; `anchor` is the short name by which links may name it."""

    title: str
    about: str
    findings: tuple[Finding, ...]
    anchor: str | None = None


@dataclass(frozen=True)
class Report:
    """The page's text and the pictures it shows."""

    text: str
    findings: tuple[Finding, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture of the page, each once."""
        found = {p.name: p for finding in self.findings for p in finding.pictures}
        return tuple(found.values())


def write_report(material: Material) -> Report:
    """Return the report on what a store holds; the same store, the same report."""
    sections = [
        Section(
            "The forum post of 2021",
            "A hobbyist's month of trials with three face models on a CPU. What is "
            "judged here are copies of these models with a sixteenth of every width "
            "(`@1/16`), trained as that program did in 2021, on generated faces. Its "
            "first rule is also held against what else was trained with Adam.",
            tuple(forum_findings(material)),
        ),
        Section(
            "How long is stable?",
            "Every rate here is said for a length of run, and the length matters.",
            tuple(length_findings(material)),
        ),
        Section(
            "The article",
            "Advice on learning rate and batch size in general, without a run. What is "
            "judged here are two small classifiers of handwritten digits.",
            tuple(article_findings(material)),
        ),
        Section(
            "Why a rate might fall with the batch",
            "Reasons that were given for the forum's observation, each with the runs "
            "that would show it.",
            tuple(reason_findings(material)),
            anchor="why",
        ),
    ]
    findings = tuple(f for section in sections for f in section.findings)
    lines = [
        *_opening(material, sections),
        *_summary(sections),
        *_reading(material),
        *_sections(sections),
        *_limits(),
    ]
    text = _with_headings("\n".join(lines).rstrip() + "\n", sections)
    return Report(text, findings)


def slug(title: str) -> str:
    """Return the anchor that a heading makes.

    >>> slug("What is (here) asked, not claimed")
    'what-is-here-asked-not-claimed'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _with_headings(text: str, sections: Sequence[Section]) -> str:
    """Put the anchors of headings in the place of the short names links use."""
    for section in sections:
        if section.anchor:
            text = text.replace(f"](#{section.anchor})", f"](#{slug(section.title)})")
        for finding in section.findings:
            target = slug(_heading(finding))
            text = text.replace(f"](#{finding.anchor})", f"](#{target})")
    return text


def _heading(finding: Finding) -> str:
    return finding.statement.rstrip(".")


def _opening(material: Material, sections: Sequence[Section]) -> list[str]:
    inverse = next(f for s in sections for f in s.findings if f.anchor == "inverse")
    linear = next(f for s in sections for f in s.findings if f.anchor == "linear")
    length = next(f for s in sections for f in s.findings if f.anchor == "length")
    return [
        "# The two sources, judged by our own runs",
        "",
        "This program began with two texts. A forum post says that the rate must fall "
        "in proportion as the batch grows. An article says the opposite: raise it "
        "with the batch. We trained narrow copies and small classifiers at equal steps "
        f"({len(material.runs):,} runs); [the full-size models are "
        "untested](#what-this-page-cannot-say). "
        f"The forum's rule, here: {inverse.verdict}. {inverse.answer} "
        f"The article's rule, here: {linear.verdict}. {linear.answer} {length.answer}",
        "",
        "This page is written by `python -m benchmarks.two_seeds` from the runs in the "
        "store. Nothing on it is typed in: other runs, other verdicts.",
        "",
    ]


def _summary(sections: Sequence[Section]) -> list[str]:
    lines = ["| statement | verdict |", "| --- | --- |"]
    for section in sections:
        lines += [
            f"| [{f.statement}](#{f.anchor}) | {f.verdict} |" for f in section.findings
        ]
    counts = Counter(f.verdict for section in sections for f in section.findings)
    said = ", ".join(f"{counts[v]} {v}" for v in _MARKS)
    return ["## In short", "", f"{said[0].upper()}{said[1:]}.", "", *lines, ""]


def _reading(material: Material) -> list[str]:
    return [
        "## What it rests on",
        "",
        "A rule that a source claims is judged by the program's referee, as in "
        "`lr-advisor scaling`: by the probability of its exponent, and by how far the "
        "runs have moved it. A comparison of two numbers is supported from a "
        "probability of 0.9 on and contradicted up to 0.1; anything between, or too "
        "few runs, is undecided. Where several models are compared, the undecided ones "
        "count for neither side. Boundaries that are compared rest on a workload's own "
        "runs alone; an exponent that judges a rule rests also on what related "
        "workloads have in common, so its range is narrower. Ranges in brackets hold "
        "nine times in ten. What is claimed is no part of any fit that judges it.",
        "",
        *_table(_counts(material)),
        "",
    ]


def _counts(material: Material) -> Table:
    groups: dict[tuple[str, str], list[int]] = {}
    for run in material.runs:
        row = groups.setdefault((run.workload, run.recipe or ""), [0, 0, 0, 0])
        row[0] += 1
        row[1] += is_labelled(run) and not has_failed(run)
        row[2] += has_failed(run)
        row[3] = max(row[3], run.steps or 0)
    return Table(
        ("workload", "recipe", "runs", "held", "failed", "longest, steps"),
        tuple(
            (*key, *(f"{number:,}" for number in row))
            for key, row in sorted(groups.items())
        ),
    )


def _sections(sections: Sequence[Section]) -> list[str]:
    lines: list[str] = []
    shown: dict[str, str] = {}  # a query and where it stands first
    for section in sections:
        lines += [f"## {section.title}", "", section.about, ""]
        for finding in section.findings:
            lines += [*_finding(finding), *_query(finding, shown)]
    return lines


def _query(finding: Finding, shown: dict[str, str]) -> list[str]:
    if finding.query is None:
        return []
    first = shown.setdefault(finding.query, finding.anchor)
    if first != finding.anchor:
        return [f"The runs: those found [above](#{first}).", ""]
    return ["The runs:", "", "```sql", finding.query, "```", ""]


def _finding(finding: Finding) -> list[str]:
    lines = [
        f"### {_heading(finding)}",
        "",
        f"**{_MARKS[finding.verdict]}.** {finding.answer}",
        "",
    ]
    for table in finding.tables:
        lines += [*_table(table), ""]
    for picture in finding.pictures:
        lines += [f"![{_alt(picture)}]({PICTURES}/{picture.name}.svg)", ""]
    for says in finding.says:
        lines += [says, ""]
    for question in finding.open_questions:
        lines += [f"Not decided: {question}", ""]
    if finding.claims:
        lines += [f"Claims: {', '.join(f'`{claim}`' for claim in finding.claims)}.", ""]
    return lines


def _table(table: Table) -> list[str]:
    return [
        f"| {' | '.join(table.header)} |",
        "|" + " --- |" * len(table.header),
        *[f"| {' | '.join(row)} |" for row in table.rows],
    ]


def _alt(picture: Picture) -> str:
    """The description, short enough to be read out."""
    words = picture.description.replace("[", "(").replace("]", ")")
    return words if len(words) <= 300 else f"{words[:297].rsplit(';', 1)[0]} ..."


def _limits() -> list[str]:
    return [
        "## What this page cannot say",
        "",
        "- **Full size.** A copy with a sixteenth of every width has about one "
        "250th of the weights. It stands rates tens of times higher. That its "
        "boundary goes with the batch as the full model's does is a hope, not a "
        "finding; no rate on this page is a rate for full size.",
        "- **Real faces.** The proxies learn generated faces, which are more alike "
        "than photographs. More alike means less noise in a batch, and noise is "
        "what a larger batch takes away.",
        "- **Long training.** The longest runs here are hours shorter than the "
        "forum's month. What fails late there may hold here.",
        "- **The eye.** The forum judged by the preview window; here a rule reads the "
        "loss and the detail of previews. They may differ about a slight blur.",
        "- **Other data, other models.** Digits of 8 by 8 pixels are learned in "
        "seconds. A rule that fails on them may hold where training is hard.",
    ]
