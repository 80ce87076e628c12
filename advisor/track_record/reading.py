"""A store's forecasts, answers and runs -> its track record."""

import json

from advisor.track_record.intervals import JobState, StatedInterval
from advisor.track_record.scores import TrackRecord, build_track_record
from knowledge.store.store import Store


def read_track_record(store: Store) -> TrackRecord:
    """Return how well forecasts and intervals held, with what is still open."""
    rows = store.rows("select id, state, started, believed_low is not null from jobs")
    jobs = {
        job_id: JobState(state, started and started.isoformat(), is_planned)
        for job_id, state, started, is_planned in rows
    }
    ids = store.rows(
        "select id from runs where job_id is not null and outcome is not null"
    )
    answers = store.rows(
        "select id, asked, recommendation from answers "
        "where (recommendation->>'$.max_stable.low') is not null order by asked, id"
    )
    stated = [
        StatedInterval.of_answer(answer_id, asked.isoformat(), json.loads(text))
        for answer_id, asked, text in answers
    ]
    return build_track_record(
        store.forecasts(),
        [interval for interval in stated if interval is not None],
        runs=store.runs_by_id([run_id for (run_id,) in ids]),
        jobs=jobs,
    )
