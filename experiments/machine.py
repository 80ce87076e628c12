"""What to call this machine, so that a measured speed is not taken for another's.

Loads no torch: whoever reads measured speeds must know which of them are from here.
"""

import functools
import os
import platform
import sys
from pathlib import Path

CPU_INFO, PROCESS_STATUS = Path("/proc/cpuinfo"), Path("/proc/self/status")


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


def peak_memory_mb() -> float:
    """Return the most memory of the machine that this process has had, in megabytes."""
    try:
        # Not getrusage: it counts what the parent had when it began this process.
        for line in PROCESS_STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:  # not Linux
        pass
    try:
        import resource
    except ImportError:  # Windows, where the system keeps the peak itself
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
