"""The page and its pictures: written from a store, the same each time."""

import re
from pathlib import Path
from typing import Any

import pytest

from advisor.estimates import Estimate
from advisor.service import Advisor
from advisor.words import title_of
from benchmarks.two_seeds.__main__ import DETAILS, PAGE, build_report, main
from benchmarks.two_seeds.findings import interval_text
from benchmarks.two_seeds.material import gather_material, read_curve, usable_runs
from benchmarks.two_seeds.page import Report, write_report
from knowledge.outcome import judge_curve
from knowledge.records import Curve, Outcome, Run
from tests.benchmarks.two_seeds.worlds import answered_material, digit_runs, face_runs

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with runs of one face model and of the digits, without the study."""
    folder = tmp_path_factory.mktemp("seeds") / "store"
    runs, _ = digit_runs(0.5, batches=(4, 32, 512))
    with Advisor.open(folder, study=False, library=False) as advisor:
        advisor.store.record_runs([*face_runs(0.5, batches=(2, 4, 16)), *runs])
        advisor.store.ingest_all()
    return folder


@pytest.fixture(scope="module")
def shipped() -> tuple[Report, dict[str, Any]]:
    """The page on the study that ships with the program, and the program's report."""
    with Advisor.open(":memory:", study=True) as advisor:
        return build_report(advisor), advisor.scaling().to_dict()


def headings(text: str) -> set[str]:
    """The anchors that the page's headings make."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.strip().replace(" ", "-") for title in plain}


def test_writing_it_again_changes_nothing(store: Path, tmp_path: Path) -> None:
    """Byte for byte, pictures too; a picture that is no longer shown goes."""
    old = tmp_path / "pictures" / "two-seeds-old.svg"
    old.parent.mkdir()
    old.write_text("<svg/>")
    contents = []
    for _ in range(2):
        assert main(["--store", str(store), "--docs", str(tmp_path)]) == 0
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        contents.append({path.name: path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert {Path(PAGE).name, Path(DETAILS).name} <= contents[0].keys()
    assert old.name not in contents[0]
    assert len(contents[0]) > 3


def test_links_and_pictures_of_the_page_are_there(store: Path) -> None:
    """The page leads to headings of the tables, and they to their own."""
    with Advisor.open(store, study=False, library=False) as advisor:
        report = build_report(advisor)
    targets = re.findall(r"\]\(([^)]+)\)", report.text + report.details)
    anchors = {t.split("#")[1] for t in targets if "#" in t}
    assert anchors
    assert anchors <= headings(report.details)
    shown = {Path(t).stem for t in targets if t.endswith(".svg")}
    assert shown == {picture.name for picture in report.pictures}


def test_the_order_in_which_runs_came_changes_nothing() -> None:
    """A store that was rebuilt from its records gives the same page."""
    runs = face_runs(0.5, batches=(2, 4, 16))
    forward, backward = (
        write_report(answered_material(part)) for part in (runs, runs[::-1])
    )
    assert (forward.text, forward.details) == (backward.text, backward.details)


def test_a_page_without_runs_says_so() -> None:
    """Whoever has not run the study sees what is missing."""
    report = write_report(answered_material([]))
    text = report.text + report.details
    assert "(0 runs)" in text
    assert "Here the highest rate" not in text
    assert "The runs do not decide it: " in text
    assert "No digits runs at this batch size yet." in text
    assert "Supported.**" not in text


def test_only_runs_that_compare_are_used() -> None:
    """Ours, fp32, judged alike, each once."""
    held = Run(**{**vars(face_runs(0.0, batches=(2,))[0]), "job_id": "job:held"})
    others = [
        {"source": "somebody"},
        {"precision": "bf16"},
        {"outcome_rule": "0"},
        {"outcome": None},
        {"steps": 300, "outcome": Outcome.INCOMPLETE},  # later carried further
    ]
    changed = [
        Run(**{**vars(held), "id": f"run:other:{i}", "job_id": f"job:{i}", **other})
        for i, other in enumerate(others)
    ]
    assert usable_runs([*changed, held]) == (held,)


def test_a_curve_says_what_the_outcome_does_not() -> None:
    """Loss at the end, when it had learned, and what was watched."""
    curve = Curve(
        tuple([2.0] * 50 + [0.2] * 50),
        {
            "sharpness_top": ((50, 4.0), (100, 8.0)),
            "noise_scale": ((100, float("inf")),),
            "matched_detail": ((25, 0.2), (50, 0.8), (75, 0.4), (100, 0.2)),
        },
    )
    measured = read_curve(curve)
    assert judge_curve(curve, 100).outcome.value == "stable"
    assert measured.training_loss == pytest.approx(0.2)
    assert 50 < (measured.steps_to_learn or 0) < 80
    assert (measured.sharpness, measured.noise_scale) == (8.0, None)
    assert measured.detail_kept == pytest.approx(0.5)
    never = {"matched_detail": ((25, 0.01), (50, 0.02), (75, 0.0))}
    assert read_curve(Curve((0.5,) * 75, never)).detail_kept is None
    assert read_curve(Curve()).training_loss is None
    assert read_curve(Curve((2.0, float("nan")))).training_loss is None


def test_curves_are_read_from_the_store(tmp_path: Path) -> None:
    """A run's row does not hold the loss it ended with."""
    run = face_runs(0.0, batches=(2,))[0]
    with Advisor.open(tmp_path / "store", study=False, library=False) as advisor:
        advisor.store.record_run(run, Curve((0.5,) * 20))
        advisor.store.ingest_all()
        material = gather_material(advisor)
    assert material.about(run).training_loss == pytest.approx(0.5)


def test_a_store_that_is_none_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a traceback."""
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    assert main(["--store", str(file), "--docs", str(tmp_path)]) == 2
    assert str(file) in capsys.readouterr().err


def test_no_rule_has_another_verdict_than_the_program_gives(
    shipped: tuple[Report, dict[str, Any]],
) -> None:
    """In `lr-advisor scaling`; nor another exponent, wherever both speak of it."""
    report, scaling = shipped
    verdicts = {claim["id"]: claim["verdict"] for claim in scaling["claims"]}
    stated = {claim for claim in verdicts if claim.startswith("claim:")}
    judged = {c: f.verdict for f in report.findings for c in f.claims if c in verdicts}
    assert judged == {claim: verdicts[claim] for claim in stated}
    implied = [c for c in scaling["claims"] if c["implied"]]
    assert implied
    for claim in implied:
        assert f"{claim['statement']} That is {claim['verdict']}." in report.details
    found = {f.anchor: f for f in report.findings}
    for anchor, column, quantity in (
        ("inverse", 1, "max_stable"),
        ("linear", 1, "best"),
        ("linear", 5, "max_stable"),
    ):
        exponents = {
            f"{title_of(f['workload'])}, {f['recipe']}": f["exponent_of_runs"]
            for f in scaling["findings"]
            if f["quantity"] == quantity
        }
        rows = found[anchor].tables[0].rows
        assert len(rows) >= 10
        for row in rows:
            assert row[column] == interval_text(Estimate(**exponents[row[0]]))


def test_the_page_in_the_docs_is_that_of_the_shipped_study(
    shipped: tuple[Report, dict[str, Any]],
) -> None:
    """Verdicts and what they rest on; last digits may differ between processors."""
    report, _ = shipped
    verdicts = "supported|contradicted|undecided"
    rows = re.compile(rf"^\| .*\| (?:{verdicts})[\w, ]* \|$", re.MULTILINE)
    counts = re.compile(r"^\| \S+ \| \S+ \| \d+ \| \d+ \| .*$", re.MULTILINE)
    for name, made in ((PAGE, report.text), (DETAILS, report.details)):
        written = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert rows.findall(written) == rows.findall(made)
        assert counts.findall(written) == counts.findall(made)
    assert len(rows.findall(report.text)) >= 31
    assert len(counts.findall(report.details)) >= 19


def test_a_verdict_says_what_it_is_for(shipped: tuple[Report, dict[str, Any]]) -> None:
    """Copies are not the full model, and equal steps are not equal epochs."""
    report, _ = shipped
    assert "contradicted by narrow copies, not tested at full size |" in report.text
    assert "**Contradicted at equal steps, here.**" in report.details
