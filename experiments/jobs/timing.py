"""A job that times training steps: the same document as `python -m experiments.speed`.

Its config's options say which batch sizes, how many processes at once and how long.
"""

import math
from dataclasses import asdict, replace
from typing import Any

from experiments.jobs.carrying_out import Watch
from experiments.speed import speed_document, speed_rows, time_batches
from experiments.workloads.registry import get_spec
from knowledge.records import RunConfig

PERCENT = 100  # a timing has no steps of its own: its job counts in hundredths


def timing_options(
    batch_sizes: tuple[int, ...], *, n_workers: int, budget_seconds: float
) -> dict[str, str]:
    """Return the options of a config that say what is to be timed."""
    return {
        "batch_sizes": ",".join(map(str, batch_sizes)),
        "n_workers": str(n_workers),
        "budget_seconds": f"{budget_seconds:g}",
    }


def carry_out_timing(config: RunConfig, watch: Watch) -> list[dict[str, Any]]:
    """Time the steps that a config asks for, and return the rows to be recorded.

    Raises:
        AdvisorError: Not even the smallest batch size can be trained.
    """
    spec, options = get_spec(config.workload), config.options
    sizes = [int(size) for size in options["batch_sizes"].split(",") if size]

    def tell(share: float) -> bool:
        return watch(max(round(PERCENT * share), 1), math.nan)

    model = replace(config, options={})  # those here are none of the model's
    timings, stopped = time_batches(
        model,
        sizes or spec.timed_batch_sizes or spec.usual_batch_sizes,
        n_workers=int(options["n_workers"]),
        budget_seconds=float(options["budget_seconds"]),
        watch=tell,
    )
    if stopped:
        watch.note(f"No larger batch was measured: {stopped}")
    return [asdict(row) for row in speed_rows(speed_document(model, timings, stopped))]
