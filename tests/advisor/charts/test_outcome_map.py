"""The outcome map shows every run once, by panel, and says how it ended."""

from dataclasses import replace

from advisor.charts.outcome_map import (
    MAX_PANELS,
    build_outcome_map,
    describe_outcome_map,
    panels_by_horizon,
    panels_by_recipe,
)
from knowledge.records import Outcome
from tests import example_records as examples

RUN = replace(examples.REALFACE_RUN, id="run:0", seed=0)
FAILED = replace(
    RUN, id="run:1", seed=1, outcome=Outcome.DIVERGED, failed_at_step=400, steps=450
)
CUT_SHORT = replace(RUN, id="run:2", seed=2, outcome=Outcome.INCOMPLETE, steps=300)


def marks(panels):
    """The rows of a built map."""
    return build_outcome_map(panels).to_dict()["data"]["values"]


def test_a_panel_for_each_workload_and_recipe():
    other = replace(RUN, id="run:3", recipe="faceswap-3")
    unknown = replace(RUN, id="run:4", outcome=None)
    panels = panels_by_recipe([other, RUN, unknown])
    assert {title: [r.id for r in runs] for title, runs in panels.items()} == {
        "RealFace@1/16, faceswap-2021": ["run:0"],
        "RealFace@1/16, faceswap-3": ["run:3"],
    }


def test_every_mark_says_how_its_run_ended():
    rows = marks(panels_by_recipe([RUN, FAILED, CUT_SHORT]))
    assert [(r["outcome"], r["failed"], r["steps"]) for r in rows] == [
        ("held", None, 1000),
        ("failed: diverged", 400, 450),
        ("stopped early", None, 300),
    ]


def test_seeds_of_a_trial_stand_side_by_side_about_its_batch_size():
    rows = marks(panels_by_recipe([RUN, FAILED, CUT_SHORT]))
    places = [row["x"] for row in rows]
    assert places == sorted(set(places))
    assert places[1] == 5
    assert {row["batch"] for row in rows} == {5}


def test_the_legend_names_only_what_is_there():
    spec = build_outcome_map(panels_by_recipe([RUN])).to_dict()["spec"]
    assert spec["encoding"]["color"]["scale"]["domain"] == ["held"]


def test_panels_by_length_show_the_same_run_as_each_length_saw_it():
    panels = panels_by_horizon([RUN, FAILED, CUT_SHORT], [1000, 300, 9000])
    seen = {
        title: {run.id: str(run.outcome) for run in runs}
        for title, runs in panels.items()
    }
    assert seen == {
        "After 300 steps": {"run:0": "stable", "run:1": "stable", "run:2": "stable"},
        "After 1,000 steps": {"run:0": "stable", "run:1": "diverged"},
    }


def test_there_are_never_more_panels_than_fit():
    runs = [replace(RUN, id=f"run:{i}", recipe=f"r{i:02}") for i in range(30)]
    assert len({row["panel"] for row in marks(panels_by_recipe(runs))}) == MAX_PANELS


def test_the_map_is_said_in_words_too():
    said = describe_outcome_map(panels_by_recipe([RUN, FAILED, CUT_SHORT]))
    assert said == "RealFace@1/16, faceswap-2021: 1 held, 1 failed."


def test_a_map_of_nothing_is_an_empty_chart():
    assert marks({}) == []
