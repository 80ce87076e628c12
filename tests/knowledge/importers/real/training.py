"""Trainings by the real libraries, each in a process of its own.

A library's warnings, threads and settings of the whole process stay out of the tests.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def train_with(library, folder):
    """Run the trainings of a library in one process, since it loads slowly."""
    script = HERE / f"train_with_{library}.py"
    done = subprocess.run(
        [sys.executable, "-P", script, folder],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
