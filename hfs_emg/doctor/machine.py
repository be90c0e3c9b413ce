"""This computer, asked: the shell around checks.py. Linux; what cannot be found out is left out or said so, and nothing is changed.

The disk is tried with a file of its own in the store, which is removed.
"""

from __future__ import annotations

import contextlib
import grp
import importlib.util
import os
import platform
import pwd
import secrets
import struct
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from firmware_bridge.connect import list_ports
from firmware_bridge.errors import BridgeError
from hfs_emg.doctor import checks
from hfs_emg.doctor.checks import Access, Check, Disk, StoreAccess
from hfs_emg.errors import HfsError

_RECORD_BYTES = 10_000
_RECORDS = 12
_TIMESYNC = Path("/run/systemd/timesync/synchronized")
_LATENCY = "/sys/bus/usb-serial/devices/{}/latency_timer"


def machine_checks(store: Path, device: str | None = None) -> list[Check]:
    """Everything but board and electrodes. device: the port to look at, else that of the first dongle."""
    ports = list_ports()
    dongles = [p.device for p in ports if p.is_dongle]
    device = device or (dongles[0] if dongles else None)
    found = store_access(store)
    disk = disk_of(store, tried=found.problem is None)
    return [
        checks.bits(platform.machine(), 8 * struct.calcsize("P")),
        checks.access(access_of_user(device)),
        checks.port([p.device for p in ports], dongles),
        *([checks.latency(latency_ms(device))] if device else []),
        checks.brainflow(importlib.util.find_spec("brainflow") is not None, platform.machine()),
        _lsl(),
        checks.clock(datetime.now(UTC).year, synchronised()),
        checks.store(found),
        checks.space(disk),
        checks.speed(disk),
    ]


def access_of_user(device: str | None) -> Access:
    """This process's user; the group is that of the port, where one is there."""
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    group = "dialout"
    if device is not None:
        with contextlib.suppress(OSError, KeyError):
            group = grp.getgrgid(Path(device).stat().st_gid).gr_name
    mine = frozenset(_group_name(g) for g in os.getgroups())
    granted = frozenset(g.gr_name for g in grp.getgrall() if user in g.gr_mem)
    return Access(user, uid == 0, mine, granted, group)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def latency_ms(device: str, pattern: str = _LATENCY) -> int | None:
    """The adapter's latency timer, None where it has none."""
    try:
        return int(Path(pattern.format(Path(device).resolve().name)).read_text())
    except (OSError, ValueError):
        return None


def synchronised() -> bool | None:
    """Whether the network sets the clock; None when nobody says."""
    if _TIMESYNC.exists():
        return True
    try:
        said = subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],  # noqa: S607 - wherever the system has it
            check=True, capture_output=True, text=True, timeout=5,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(said.stdout.strip())


def _lsl() -> Check:
    installed = importlib.util.find_spec("pylsl") is not None
    if not installed:
        return checks.lsl(None, installed=False)
    from hfs_emg.lsl.library import load_lsl  # noqa: PLC0415 - loads a library

    try:
        load_lsl()
    except (HfsError, BridgeError) as error:
        return checks.lsl(str(error), installed=True)
    return checks.lsl(None, installed=True)


def store_access(store: Path) -> StoreAccess:
    """Whether the store, or the nearest folder above it that is there, can be written."""
    there = _nearest(store)
    if not there.is_dir():
        return StoreAccess(str(store), f"{there} is a file where a folder should be", None)
    try:
        _tried(there, b"x")
    except OSError as error:
        return StoreAccess(str(store), f"{there} cannot be written ({error.strerror})", None)
    return StoreAccess(str(store), None, store.stat().st_mode if store.is_dir() else None)


def disk_of(store: Path, *, tried: bool, now_s: Callable[[], float] = time.perf_counter) -> Disk:
    """Free space, and how long some records take to be safe."""
    there = _nearest(store)
    status = os.statvfs(there)
    syncs: list[float] = []
    if tried:
        for _ in range(_RECORDS):
            began = now_s()
            with contextlib.suppress(OSError):
                _tried(there, secrets.token_bytes(_RECORD_BYTES))
                syncs.append(now_s() - began)
    return Disk(str(store), status.f_bavail * status.f_frsize, tuple(syncs))


def _nearest(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def _tried(folder: Path, content: bytes) -> None:
    """Write a file, put it on the disk, remove it. Raises OSError."""
    path = folder / f".doctor-{secrets.token_hex(4)}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, content)
        os.fdatasync(fd)
    finally:
        os.close(fd)
        path.unlink()
