"""Findings -> the page docs/explanation/the-two-seeds.md, and its tables (pure)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
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

PICTURES, DETAILS = "../pictures", "../dev/results/two-sources.md"
PICTURES_OF_DETAILS = "../../pictures"
FIRST = ("inverse", "linear", "length")  # what the page opens with
VERDICTS = (Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.UNDECIDED)


@dataclass(frozen=True)
class Section:
    """A part of the page; `anchor` is the short name by which links may name it."""

    title: str
    about: str
    findings: tuple[Finding, ...]
    anchor: str | None = None


@dataclass(frozen=True)
class Report:
    """The page's text, that of its tables, and the pictures they show."""

    text: str
    details: str
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
    first = {f.anchor: f for f in findings if f.anchor in FIRST}
    text = [*_opening(material, first), *_summary(sections), *_judging(), *_limits()]
    details = [*_opening_of_details(), *_rests_on(material), *_sections(sections)]
    return Report(
        _with_headings(text, sections, DETAILS),
        _with_headings(details, sections, ""),
        findings,
    )


def slug(title: str) -> str:
    """Return the anchor that a heading makes.

    >>> slug("What is (here) asked, not claimed")
    'what-is-here-asked-not-claimed'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _with_headings(lines: Sequence[str], sections: Sequence[Section], page: str) -> str:
    """Put a page and the anchors of its headings for the short names links use."""
    text = "\n".join(lines).rstrip() + "\n"
    for section in sections:
        if section.anchor:
            target = f"]({page}#{slug(section.title)})"
            text = text.replace(f"](#{section.anchor})", target)
        for finding in section.findings:
            target = f"]({page}#{slug(_heading(finding))})"
            text = text.replace(f"](#{finding.anchor})", target)
    return text


def _heading(finding: Finding) -> str:
    return finding.statement.rstrip(".")


def _opening(material: Material, first: Mapping[str, Finding]) -> list[str]:
    inverse, linear, length = (first[anchor] for anchor in FIRST)
    return [
        "# Which advice did our runs confirm?",
        "",
        "This program began with two texts. A forum post says that the rate must fall "
        "in proportion as the batch grows. An article says the opposite: raise it "
        "with the batch. We trained narrow copies of the forum's models and small "
        f"classifiers at equal steps ({len(material.runs):,} runs).",
        "",
        f"- **The forum's rule: {inverse.judged}.** {inverse.answer}",
        f"- **The article's rule: {linear.judged}.** {linear.answer}",
        f"- **How long a rate works:** {length.answer}",
        "",
        *[
            f"![{_alt(picture)}]({PICTURES}/{picture.name}.svg)\n"
            for picture in inverse.pictures[:1]
        ],
        "This page is written by `python -m benchmarks.two_seeds` from the runs in the "
        f"store; [every table and picture]({DETAILS}) is on a page of its own. Other "
        "runs, other verdicts.",
        "",
    ]


def _opening_of_details() -> list[str]:
    return [
        "# The two sources: every table",
        "",
        "What [the page on the two sources](../../explanation/the-two-seeds.md) rests "
        "on, statement by statement. Written by `python -m benchmarks.two_seeds`.",
        "",
    ]


def _summary(sections: Sequence[Section]) -> list[str]:
    lines = ["| statement | verdict |", "| --- | --- |"]
    for section in sections:
        lines += [
            f"| [{f.statement}](#{f.anchor}) | {f.judged} |" for f in section.findings
        ]
    counts = Counter(f.verdict for section in sections for f in section.findings)
    said = ", ".join(f"{counts[v]} {v}" for v in VERDICTS)
    return ["## In short", "", f"{said[0].upper()}{said[1:]}.", "", *lines, ""]


def _judging() -> list[str]:
    return [
        "## How it is judged",
        "",
        "A rule that a source claims is judged by the program, as in `lr-advisor "
        "scaling`: by the probability of its exponent, and by how far the runs have "
        "moved it. A comparison of two numbers is supported from a probability of 0.9 "
        "on and contradicted up to 0.1, also where its range reaches past equality; "
        "anything between, or too few runs, is undecided. Of several models those that "
        "are undecided count for neither side. What is claimed is not part of any fit "
        "that judges it.",
        "",
    ]


def _rests_on(material: Material) -> list[str]:
    return [
        "## What it rests on",
        "",
        "Limits that are compared rest on a workload's own runs alone; an exponent "
        "that judges a rule rests also on what related workloads have in common, so "
        "its range is narrower. Ranges in brackets are right nine times in ten.",
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
        ("workload", "recipe", "runs", "stable", "failed", "longest, steps"),
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
        f"**{finding.judged.capitalize()}.** {finding.answer}",
        "",
    ]
    for table in finding.tables:
        lines += [*_table(table), ""]
    for picture in finding.pictures:
        lines += [f"![{_alt(picture)}]({PICTURES_OF_DETAILS}/{picture.name}.svg)", ""]
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
        "250th of the weights. It tolerates rates tens of times higher. That its "
        "limit changes with the batch as the full model's does is a hope, not a "
        "finding; no rate on this page is a rate for full size.",
        "- **Real faces.** The proxies learn generated faces, which are more alike "
        "than photographs. More alike means less noise in a batch, and noise is "
        "what a larger batch takes away.",
        "- **Long training.** The longest runs here are hours shorter than the "
        "forum's month. What fails late there may work here.",
        "- **The eye.** The forum judged by the preview window; here a rule reads the "
        "loss and the detail of previews. They may differ about a slight blur.",
        "- **Other data, other models.** Digits of 8 by 8 pixels are learned in "
        "seconds. A rule that fails on them may work where training is hard.",
    ]
