"""The track record -> sentences (pure)."""

from typing import Any

from advisor.estimates import LEVEL
from advisor.track_record.scores import Bin, TrackRecord
from advisor.words import count_text

# Errors that differ by no more are the same to whoever reads them.
SAME_ERROR = 0.01


def track_record_sentences(record: TrackRecord) -> list[str]:
    """Return the record in a few plain sentences: runs, intervals, what is missing."""
    if not record.forecasts and not record.settled and not record.unscored:
        return [
            "No forecast yet. When an answer is verified, each run is forecast before "
            "it starts and scored when it ends."
        ]
    found = (_runs_text(record), _intervals_text(record), _unscored_text(record))
    return [text for text in found if text]


def _runs_text(record: TrackRecord) -> str:
    n_runs = len(record.forecasts)
    if not n_runs:
        return ""
    low, high = record.expected_range
    expected = f"{low} to {high}" if low < high else str(low)
    text = (
        f"Of {n_runs} {'run' if n_runs == 1 else 'runs'} forecast before the start, "
        f"{record.n_stable} held; the "
        f"forecasts expected {expected}"
    )
    if record.n_stable > high:
        return f"{text}: they were too cautious."
    if record.n_stable < low:
        return f"{text}: they were too bold."
    return f"{text}."


def _intervals_text(record: TrackRecord) -> str:
    level, found = f"{LEVEL * 100:.0f} %", record.held_share_range
    if found is None or record.typical_factor is None:
        return f"No {level} interval is settled by later runs yet."
    low, high = found
    verdict = f"which does not contradict {level}"
    if high < LEVEL:
        verdict = "so they are too narrow"
    elif low > LEVEL:
        verdict = "so they are wider than need be"
    return (
        f"{level} intervals of the limit held in {record.n_held} of "
        f"{len(record.settled)}, {verdict}; half of them spanned a factor of "
        f"{record.typical_factor:.3g} or more."
    )


def _unscored_text(record: TrackRecord) -> str:
    if not record.unscored:
        return ""
    parts = [f"{n} because {reason}" for reason, n in record.unscored.items()]
    return f"Not scored: {', '.join(parts)}."


def bin_text(of: Bin) -> str:
    """Return one range of forecasts in a sentence.

    >>> bin_text(Bin(0.7, 0.9, 15, 12, 0.8, 0.56, 0.94))
    'Where it said 70 to 90 %, 12 of 15 runs held.'
    """
    return (
        f"Where it said {of.start * 100:.0f} to {of.end * 100:.0f} %, {of.n_stable} of "
        f"{count_text(of.n_runs, 'run')} held."
    )


def skill_text(error: float, guessing: float) -> str:
    """Return in words how the error of forecasts stands to that of guessing.

    >>> skill_text(0.1, 0.2), skill_text(0.2, 0.205), skill_text(0.3, 0.2)
    ('better', 'no better yet', 'worse')
    """
    if abs(error - guessing) <= SAME_ERROR:
        return "no better yet"
    return "better" if error < guessing else "worse"


def track_record_document(record: TrackRecord) -> dict[str, Any]:
    """The JSON document of a track record, with its sentences."""
    return {"text": " ".join(track_record_sentences(record)), **record.to_dict()}
