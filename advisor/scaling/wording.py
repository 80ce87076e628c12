"""The referee's report -> sentences and a table (pure).

Every number comes from the report itself, formatted as in its JSON.
"""

from collections import Counter
from collections.abc import Sequence

from advisor.rates import rate_text
from advisor.scaling.exponents import leading_bands
from advisor.scaling.records import (
    QUANTITY_WORDS,
    Alone,
    ClaimVerdict,
    FamilyTally,
    Finding,
    ScalingReport,
)
from advisor.words import (
    RULE_WORDS,
    count_text,
    duration_text,
    joined,
    optimizer_title,
    percent,
    recipe_words,
    rules_text,
    title_of,
)
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.records import OURS, STUDY

MOST_ROWS = 40  # of a family's table, before it is cut short


def scaling_report_text(report: ScalingReport) -> str:
    """Return the whole report, as it is printed in a terminal."""
    if report.workload is None:
        return _store_text(report)
    lines = [f"Scaling of {title_of(report.workload)}", "", conclusion_text(report)]
    lines += ["", *_findings(report), ""]
    lines += [*_claims(report.claims), ""]
    lines += [deciding_text(report)]
    return "\n".join(lines).strip()


def scaling_details(report: ScalingReport) -> tuple[str, ...]:
    """Return what stands behind a report's conclusion, a paragraph each."""
    verdicts = _verdict_lines(report)
    if report.workload is None:
        families = [_family_line(family) for family in report.families]
        parts = [*verdicts, *families, deciding_text(report)]
    else:
        own = [f for f in report.findings if f.workload == report.workload]
        parts = [*map(finding_text, own), *verdicts, deciding_text(report)]
    return tuple(part for part in parts if part)


# What each rule tells a person to do, and from which probability it is told how.
ADVICE = {
    "linear": "when you change the batch size, change the rate in proportion to it",
    "sqrt": "with four times the batch, double the rate (the square root rule)",
    "constant": "keep the rate as it is when you change the batch size",
    "inverse_sqrt": "with four times the batch, halve the rate",
    "inverse": "with twice the batch, halve the rate",
}
CLAIM_WORDS = {
    1.0: "\u201cdouble the batch, double the rate\u201d",
    0.5: "\u201cfour times the batch, double the rate\u201d",
    0.0: "\u201ckeep the rate\u201d",
    -0.5: "\u201cfour times the batch, halve the rate\u201d",
    -1.0: "\u201cdouble the batch, halve the rate\u201d",
}
SETTLED_FROM, PROBABLE_FROM = 0.95, 0.7


def conclusion_text(report: ScalingReport) -> str:
    """Return what all of it comes to, in words that need no knowledge of exponents."""
    own = [f for f in report.findings if f.workload == report.workload]
    by_copies = bool(own) and all(not f.n_runs and f.n_proxy_runs for f in own)
    claimed = _claimed_in_short(report.claims, by_copies=by_copies)
    if report.workload is None:
        bands = {band for family in report.families for band in family.bands}
        if len(bands) > 1:
            claimed.append(
                "Which rule fits depends on the workload, the optimizer and the recipe."
            )
        said = " ".join(claimed)
        return f"In short: {said[:1].lower()}{said[1:]}" if said else ""
    if report.scaling_rules is None:
        return _nothing(report)
    setting = recipe_words(report.optimizer or "", report.recipe)
    of = f"for {title_of(report.workload)} with {setting}"
    first, second = leading_bands(report.scaling_rules)
    share = report.scaling_rules[first]
    if share >= PROBABLE_FROM:
        how = "" if share >= SETTLED_FROM else "probably "
        said = f"{of}, {how}{ADVICE[first]}."
    else:
        said = (
            f"{of}, two rules are still possible. Either {ADVICE[first]}. "
            f"Or {ADVICE[second]}."
        )
    return " ".join([f"In short: {said}", *claimed])


def _in_short(claim: ClaimVerdict, *, by_copies: bool) -> str:
    if not claim.applies:
        return "not judged here"
    if not by_copies or claim.verdict == "undecided":
        return str(claim.verdict)
    return f"{claim.verdict} by narrow copies (the full model is untested)"


def _claimed_in_short(
    claims: Sequence[ClaimVerdict], *, by_copies: bool = False
) -> list[str]:
    """The verdicts on what was claimed, without reasons; questions are no claims."""
    said = [
        f"{CLAIM_WORDS.get(claim.exponent, f'batch^{claim.exponent:g}')} "
        f"({claim.source}) is {_in_short(claim, by_copies=by_copies)}"
        for claim in claims
        if not claim.implied and not _is_question(claim)
    ]
    return [f"Of what was claimed, {joined(said)}."] if said else []


def _is_question(claim: ClaimVerdict) -> bool:
    return claim.statement.rstrip().endswith("?")


def finding_text(finding: Finding) -> str:
    """Return the exponent of one workload with all that limits it."""
    x = finding.exponent
    return (
        f"The {QUANTITY_WORDS[finding.quantity]} of {title_of(finding.workload)} with "
        f"{recipe_words(finding.optimizer, finding.recipe)} scales as "
        f"batch^{x.median:g} ({percent(x.level)}: {x.low:g} to {x.high:g})"
        f"{_range(finding.batch_range)}, from {_rests_on(finding)}. Held fixed: "
        f"{finding.held_fixed}. {rules_text(dict(finding.scaling_rules))}"
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
    groups: dict[tuple[int, str], Counter[str]] = {}
    for run in report.deciding.runs:
        rates = groups.setdefault((run.batch_size, run.speaks_for), Counter())
        rates[rate_text(run.learning_rate)] += 1
    return "; ".join(
        f"batch {batch} at {joined([_times(*item) for item in rates.items()])} "
        f"({how} supports {RULE_WORDS[band]})"
        for (batch, band), rates in groups.items()
    )


def _times(rate: str, count: int) -> str:
    """A rate, and how often it is run.

    >>> _times("3e-3", 1), _times("3e-3", 2)
    ('3e-3', '3e-3 with 2 seeds')
    """
    return rate if count == 1 else f"{rate} with {count} seeds"


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
        f"with {optimizer_title(report.optimizer or 'any optimizer')} scales with "
        "batch size: no such run has an outcome or a score."
    )


def _alone_text(finding: Finding, alone: Alone) -> str:
    count = count_text(alone.n_runs, "run")
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
    own = count_text(finding.n_runs, "run") if finding.n_runs else "no run"
    pieces = [f"{own} of it"]
    if finding.n_proxy_runs:
        pieces.append(f"{count_text(finding.n_proxy_runs, 'run')} of narrow copies")
    if finding.n_claims:
        pieces.append(count_text(finding.n_claims, "report"))
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
        _not_judged(claim)
        for claim in stated
        if not claim.applies and not claim.implied
    ]
    return [*lines, *apart]


def _not_judged(claim: ClaimVerdict) -> str:
    """A claim that nothing here speaks of, or a question, and why it stays open."""
    why = claim.reason.removeprefix("it does not apply here, since ")
    if not _is_question(claim):
        return f"{claim.statement} Not judged here: {why}."
    asked = claim.statement.split(": ", 1)[-1]
    return (
        f"{claim.source} also asked: \u201c{asked[:1].upper()}{asked[1:]}\u201d That "
        f"stays open: {why}."
    )


# -- the whole store -------------------------------------------------------------------


def _store_text(report: ScalingReport) -> str:
    names = {f.workload for f in report.findings}
    used = f" with {optimizer_title(report.optimizer)}" if report.optimizer else ""
    lines = [
        f"Scaling over the whole store{used}: {count_text(len(names), 'workload')}, "
        f"{count_text(report.n_runs, 'run')} and "
        f"{count_text(report.n_claims, 'report')}."
    ]
    for quantity, title in (
        ("max_stable", "Highest stable rate: the rate at which half of runs fail"),
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
    """One recipe of a family: its exponents, and which rule is likeliest how often."""
    runs = count_text(family.n_runs, "run")
    if family.n_runs:
        runs += f" ({_origin(family)})"
    count, spread = family.n_workloads, f"{family.lowest:g} to {family.highest:g}"
    if count == 1:
        exponent = f"exponent {family.median:g} in 1 workload"
    elif count == 2:  # the middle of two is neither
        exponent = f"exponents {family.lowest:g} and {family.highest:g} in 2 workloads"
    else:
        exponent = f"median exponent {family.median:g} ({spread}) in {count} workloads"
    bands = [RULE_WORDS[band] for band in family.bands]
    if len(bands) > 1:
        bands = [f"{RULE_WORDS[band]} in {n}" for band, n in family.bands.items()]
    return (
        f"{family.family}, {recipe_words(family.optimizer, family.recipe)}, "
        f"{QUANTITY_WORDS[family.quantity]}: {exponent}"
        f",{_range(family.batch_range).replace(' over', '')}, {runs}; likeliest: "
        f"{joined(bands)}."
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
        if (f.quantity, f.optimizer, f.recipe)
        == (family.quantity, family.optimizer, family.recipe)
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
