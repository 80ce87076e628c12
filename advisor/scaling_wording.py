"""The referee's report -> sentences and a table (pure).

Every number comes from the report itself, formatted as in its JSON.
"""

from collections.abc import Sequence

from advisor.listing import joined
from advisor.rates import rate_text
from advisor.scaling import (
    QUANTITY_WORDS,
    Alone,
    ClaimVerdict,
    FamilyTally,
    Finding,
    ScalingReport,
)
from advisor.wording import (
    RULE_WORDS,
    duration_text,
    optimizer_title,
    percent,
    rules_text,
    title_of,
)
from experiments.workloads import find_spec
from knowledge.names import WorkloadName
from knowledge.records import OURS, STUDY

MOST_ROWS = 40  # of a family's table, before it is cut short


def scaling_report_text(report: ScalingReport) -> str:
    """Return the whole report, as it is printed in a terminal."""
    if report.workload is None:
        return _store_text(report)
    lines = [f"Scaling of {title_of(report.workload)}", "", *_findings(report), ""]
    lines += [*_claims(report.claims), ""]
    lines += [deciding_text(report)]
    return "\n".join(lines).strip()


def scaling_answer_text(report: ScalingReport) -> str:
    """Return the report in the few paragraphs of an answer."""
    if report.workload is None:
        parts = [_family_line(family) for family in report.families]
        return _paragraphs([*_verdict_lines(report), *parts, deciding_text(report)])
    own = [f for f in report.findings if f.workload == report.workload]
    parts = [finding_text(f) for f in own] or [_nothing(report)]
    return _paragraphs([*parts, *_verdict_lines(report), deciding_text(report)])


def _paragraphs(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def finding_text(finding: Finding) -> str:
    """Return the exponent of one workload with all that limits it."""
    x = finding.exponent
    return (
        f"The {QUANTITY_WORDS[finding.quantity]} of {title_of(finding.workload)} with "
        f"{optimizer_title(finding.optimizer)} goes as batch^{x.median:g} "
        f"({percent(x.level)}: {x.low:g} to {x.high:g}){_range(finding.batch_range)}, "
        f"from {_rests_on(finding)}. Held fixed: {finding.held_fixed}. "
        f"{rules_text(dict(finding.scaling_rules))}"
    )


def deciding_text(report: ScalingReport) -> str:
    """Return the runs that would tell the leading rules apart, and their cost."""
    runs = report.deciding.runs
    if not runs:
        return ""
    between = joined([RULE_WORDS[band] for band in report.deciding.between])
    workload, count = title_of(runs[0].workload), f"{len(runs)} runs"
    start = f"To decide between {between}: {count} of {workload}, {_trials(report)}"
    if report.deciding.seconds is None:
        return f"{start}. It cannot be trained here: import such runs."
    return (
        f"{start}; about {duration_text(report.deciding.seconds)} here. Or let each "
        f"run be chosen by the ones before it: {_command(report)}"
    )


def _trials(report: ScalingReport) -> str:
    """The runs, those at one batch size that speak for one rule together."""
    scores = report.deciding.quantity == "best"
    how = "a better score" if scores else "a failure"
    groups: dict[tuple[int, str], list[str]] = {}
    for run in report.deciding.runs:
        key = (run.batch_size, run.speaks_for)
        groups.setdefault(key, []).append(rate_text(run.learning_rate))
    return "; ".join(
        f"batch {batch} at {joined(rates)} ({how} speaks for {RULE_WORDS[band]})"
        for (batch, band), rates in groups.items()
    )


def _command(report: ScalingReport) -> str:
    runs = report.deciding.runs
    spec = find_spec(runs[0].workload)
    batches = ",".join(str(b) for b in sorted({run.batch_size for run in runs}))
    usual = spec is None or report.deciding.recipe in (None, spec.recipes[0])
    recipe = "" if usual else f" --recipe {report.deciding.recipe}"
    workload = runs[0].workload
    return f"lr-advisor verify --workload {workload} --batch-size {batches}{recipe}"


# -- one workload ----------------------------------------------------------------------


def _findings(report: ScalingReport) -> list[str]:
    if not report.findings:
        return [_nothing(report)]
    lines = []
    for finding in report.findings:
        lines.append(finding_text(finding))
        lines += [_alone_text(finding, alone) for alone in finding.by_source]
    return lines


def _nothing(report: ScalingReport) -> str:
    return (
        f"Nothing is known yet of how the rate of {title_of(report.workload or '')} "
        f"with {optimizer_title(report.optimizer or 'any optimizer')} goes with the "
        "batch size: no such run has an outcome or a score."
    )


def _alone_text(finding: Finding, alone: Alone) -> str:
    count = f"{alone.n_runs} run{_s(alone.n_runs)}"
    origin = {
        OURS: f"Our own {count}",
        STUDY: f"The {count} of the study that ships with the program",
    }.get(alone.source, f"The {count} imported from {alone.source}")
    if len(finding.by_source) == 1 and not finding.n_claims:
        return f"  {origin}: that is all there is."
    if alone.exponent is None:
        return f"  {origin}: too few to say anything by themselves."
    x = alone.exponent
    return (
        f"  {origin}, by themselves: batch^{x.median:g} ({percent(x.level)}: "
        f"{x.low:g} to {x.high:g})."
    )


def _rests_on(finding: Finding) -> str:
    pieces = [f"{finding.n_runs} run{_s(finding.n_runs)} of it"]
    if finding.n_proxy_runs:
        n = finding.n_proxy_runs
        pieces.append(f"{n} run{_s(n)} of copies of another width")
    if finding.n_claims:
        pieces.append(f"{finding.n_claims} report{_s(finding.n_claims)}")
    return joined(pieces)


def _range(batch_range: tuple[int, int] | None) -> str:
    if batch_range is None:
        return ""
    low, high = batch_range
    return f" at batch {low}" if low == high else f" over batch {low} to {high}"


# -- claims ----------------------------------------------------------------------------


def _claims(claims: Sequence[ClaimVerdict]) -> list[str]:
    if not claims:
        return ["No source here claims a rule."]
    lines = ["What was claimed:"]
    for claim in claims:
        what = f", on the {QUANTITY_WORDS[claim.quantity]}" if claim.quantity else ""
        lines.append(f"- {claim.statement} [{claim.source}{what}]")
        lines.append(f"  {_verdict(claim)}")
    return lines


def _verdict(claim: ClaimVerdict) -> str:
    text = f"{claim.verdict.capitalize()}: {claim.reason}."
    if claim.implied or not claim.applies or not claim.elsewhere:
        return text
    others = "; ".join(f"{why} ({n})" for why, n in claim.elsewhere.items())
    return f"{text} Not judged elsewhere: {others}."


def _verdict_lines(report: ScalingReport) -> list[str]:
    """The claims that apply, each with its verdict; then in a line what does not."""
    stated = [c for c in report.claims if not c.implied or report.workload is not None]
    lines = [
        f"{claim.statement} {claim.verdict.capitalize()}: {claim.reason}."
        for claim in stated
        if claim.applies
    ]
    apart = [
        f"{claim.statement} ({claim.reason})"
        for claim in stated
        if not claim.applies and not claim.implied
    ]
    return [*lines, f"Undecided: {' '.join(apart)}."] if apart else lines


# -- the whole store -------------------------------------------------------------------


def _store_text(report: ScalingReport) -> str:
    names = {f.workload for f in report.findings}
    used = f" with {optimizer_title(report.optimizer)}" if report.optimizer else ""
    lines = [
        f"Scaling over the whole store{used}: {len(names)} workload{_s(len(names))}, "
        f"{report.n_runs} run{_s(report.n_runs)} and {report.n_claims} "
        f"report{_s(report.n_claims)}."
    ]
    for quantity, title in (
        ("max_stable", "Highest stable rate: the rate at which half of all runs fail"),
        ("best", "Best rate: the best score for a fixed budget"),
    ):
        families = [f for f in report.families if f.quantity == quantity]
        if families:
            lines += ["", title]
        for family in families:
            lines += ["", _family_line(family), *_rows(family, report.findings)]
    lines += ["", *_claims(report.claims), "", deciding_text(report)]
    return "\n".join(lines).strip()


def _family_line(family: FamilyTally) -> str:
    bands = joined([f"{RULE_WORDS[band]} ({n})" for band, n in family.bands.items()])
    runs = f"{family.n_runs} run{_s(family.n_runs)}"
    if family.n_runs:
        runs += f" ({_origin(family)})"
    if family.n_workloads == 1:
        exponent = f"exponent {family.median:g}"
    else:
        exponent = (
            f"median exponent {family.median:g} (from {family.lowest:g} to "
            f"{family.highest:g})"
        )
    what = "" if family.n_workloads == 1 else f" in {family.n_workloads} workloads"
    return (
        f"{family.family}, {optimizer_title(family.optimizer)}, "
        f"{QUANTITY_WORDS[family.quantity]}: {exponent}{what}"
        f",{_range(family.batch_range).replace(' over', '')}, {runs}; likeliest: "
        f"{bands}."
    )


def _origin(family: FamilyTally) -> str:
    if not family.n_ours:
        return "all imported"
    if not family.n_imported:
        return "all ours"
    return f"{family.n_ours} ours, {family.n_imported} imported"


def _rows(family: FamilyTally, findings: Sequence[Finding]) -> list[str]:
    own = [
        f
        for f in findings
        if (f.quantity, f.optimizer) == (family.quantity, family.optimizer)
        and WorkloadName.parse(f.workload).group == family.family
    ]
    rows = [["workload", "exponent", "90 %", "likeliest", "runs", "batch"]]
    for f in own[:MOST_ROWS]:
        x, low_high = f.exponent, f.batch_range
        rows.append(
            [
                f.workload if find_spec(f.workload) is None else title_of(f.workload),
                f"{x.median:g}",
                f"{x.low:g} to {x.high:g}",
                f"{RULE_WORDS[f.band]} {percent(f.scaling_rules[f.band])}",
                str(f.n_runs),
                " to ".join(str(b) for b in dict.fromkeys(low_high or ())),
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  "
        + "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    hidden = len(own) - MOST_ROWS
    return [*lines, f"  and {hidden} more (see --json)"] if hidden > 0 else lines


def _s(count: int) -> str:
    return "" if count == 1 else "s"
