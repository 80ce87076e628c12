"""What a run's record holds, whoever writes it."""

import json
import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from knowledge.records import Curve, Document, Run, run_body, to_document
from tests.example_records import GRID_RUN


def test_a_record_holds_every_field_of_the_run_and_no_curve_unless_there_is_one():
    body = run_body(GRID_RUN)
    assert list(body) == ["run"]
    assert Run(**body["run"]) == GRID_RUN
    assert set(body["run"]) == {field.name for field in fields(Run)}


def test_numbers_that_are_not_finite_become_none():
    """JSON has no word for them, and a record that cannot be written is a run lost."""
    run = replace(GRID_RUN, metric_value=math.nan, seconds=math.inf)
    curve = Curve((2.0, math.inf), {"sharpness": ((1, math.nan), (2, 3.0))})
    body = json.loads(json.dumps(run_body(run, curve), allow_nan=False))
    assert (body["run"]["metric_value"], body["run"]["seconds"]) == (None, None)
    assert body["losses"] == [2.0, None]
    assert body["metrics"] == {"sharpness": [[1, None], [2, 3.0]]}


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: float


@dataclass(frozen=True)
class Secret(Document):
    word: str

    def to_dict(self):
        return {"letters": len(self.word)}


@dataclass(frozen=True)
class Page(Document):
    colour: Colour
    points: tuple[Point, ...]
    kept: dict[str, tuple[Secret, ...]]
    last: Point | None = None


def test_a_record_leaves_as_plain_values_whatever_it_holds():
    """Its fields in their order; a record within that says otherwise has its say."""
    document = Page(Colour.RED, (Point(1.0),), {"a": (Secret("abc"),)}).to_dict()
    assert list(document) == ["colour", "points", "kept", "last"]
    assert document == {
        "colour": "red",
        "points": [{"x": 1.0}],
        "kept": {"a": [{"letters": 3}]},
        "last": None,
    }
    assert type(document["colour"]) is str
    assert to_document([Secret("ab"), None]) == [{"letters": 2}, None]
