"""CPU time and memory of a process, as the kernel counts them (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds used so far; memory now and at most, in MB of 2^20 bytes."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def usage(pid: int) -> Usage:
    """What a running process, all its threads included, has used."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, fields 14 and 15 of proc(5)
    return Usage(ticks * _TICK_S, _mb(status, "VmRSS:"), _mb(status, "VmHWM:"))


def _mb(status: str, name: str) -> float:
    return int(status.partition(name)[2].split()[0]) / 1024
