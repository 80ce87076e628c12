"""What every reader owes, whatever a file holds: runs, or one sentence."""

import json
import tempfile
from pathlib import Path

from knowledge.errors import AdvisorError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import run_body

SAID = FileOptions(
    workload="net", optimizer="adam", batch_size=8, learning_rate=0.1, goal="min"
)


def read_or_refuse(path, file_format):
    """Read a file, with nothing said of it and with all; what comes can be stored."""
    for asked in (None, SAID):
        try:
            parsed = parse_runs(path, file_format, asked)
        except AdvisorError as error:
            text = str(error)
        else:
            text = "."
            bodies = [run_body(r, parsed.curves.get(r.id)) for r in parsed.runs]
            json.dumps(bodies, allow_nan=False)
            assert all(run.learning_rate > 0 for run in parsed.runs)
        assert text.endswith(".")
        assert len(text.splitlines()) == 1


def read_or_refuse_content(content, file_format):
    """The same of bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        read_or_refuse(path, file_format)
