"""What to call this machine, so that a measured speed is not taken for another's.

Loads no torch: whoever reads measured speeds must know which of them are from here.
"""

import functools
import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


@functools.cache
def machine_name() -> str:
    """Return the processor and the number of its cores; never the host's name."""
    cores = os.cpu_count() or 1
    return f"{_processor()}, {cores} core{'' if cores == 1 else 's'}"


def _processor() -> str:
    try:
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return " ".join(value.split())
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine() or "unknown processor"
