"""Who holds a device: read from /proc, where that exists and may be read."""

from __future__ import annotations

import os
from pathlib import Path


def port_holder(path: str) -> str | None:
    """`python3 (process 1234)` for another process that has `path` open, or None when nobody is seen to."""
    try:
        wanted = os.stat(path).st_rdev  # noqa: PTH116 - the device number of a port, not a file
    except OSError:
        return None
    if wanted == 0:
        return None
    own = os.getpid()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) != own and _holds(folder / "fd", wanted):
            return f"{_name(folder)} (process {folder.name})"
    return None


def _holds(fds: Path, wanted: int) -> bool:
    try:
        entries = list(fds.iterdir())
    except OSError:
        return False  # gone meanwhile, or somebody else's
    for entry in entries:
        try:
            if str(entry.readlink()).startswith("/dev/") and entry.stat().st_rdev == wanted:
                return True
        except OSError:
            continue
    return False


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text(errors="replace").strip() or "a program"
    except OSError:
        return "a program"
