"""What the computer says of itself, judged: facts in, verdicts with remedies out. Nothing is asked here.

ok: nothing to do. warn: recording works, and something will go wrong or is worse than it need be. fail: recording does not work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

Verdict = Literal["ok", "warn", "fail"]

LATENCY_MS = 2
"""An FTDI adapter's own setting is 16 ms, and the dongle's traffic then comes in bursts of 60 ms (512-byte transfers at 8250 B/s)."""
GB_PER_DAY = 0.75
"""Of 8 channels and their findings, recorded day and night at 250 Hz: docs/cohort.md measures the session folders."""
LEAST_DAYS, WARN_DAYS = 0.1, 3.0
SLOW_SYNC_S, HOPELESS_SYNC_S = 0.25, 1.0
"""A record is put on the disk once a second; while the disk takes longer than that, a queue of a minute fills."""
EARLIEST_YEAR = 2025
LATENCY_RULE = "install deploy/60-hfs-emg.rules (docs/raspberry-pi.md), then plug the dongle in again"


class Check(msgspec.Struct, frozen=True):
    """One line. remedy is None where there is nothing to do."""

    name: str
    verdict: Verdict
    found: str
    remedy: str | None = None


class Access(msgspec.Struct, frozen=True):
    """Of this user: may everything; the groups of this process; those that the system's books name beside them; the ports' group."""

    user: str
    is_root: bool
    groups: frozenset[str]
    granted: frozenset[str]
    port_group: str = "dialout"


class Disk(msgspec.Struct, frozen=True):
    """Where sessions go. syncs_s: how long writing a record and syncing it took, several times."""

    folder: str
    free_bytes: int
    syncs_s: tuple[float, ...]


class StoreAccess(msgspec.Struct, frozen=True):
    """The store's folder. problem: why it cannot be written, else None; mode: of the folder, None where it is not there yet."""

    folder: str
    problem: str | None
    mode: int | None


def bits(machine: str, pointer_bits: int) -> Check:
    """64 bits through and through: there are no wheels of numpy and scipy for 32-bit ARM."""
    remedy = "install the 64-bit Raspberry Pi OS (in Raspberry Pi Imager: Raspberry Pi OS (64-bit))"
    if pointer_bits == 64:
        return Check("system", "ok", f"{machine}, 64 bits")
    if machine in ("aarch64", "x86_64"):
        return Check("system", "fail", f"a {pointer_bits}-bit Python on a {machine} kernel", remedy)
    return Check(
        "system", "fail", f"{machine}, {pointer_bits} bits: for it there are no numpy and scipy to install", remedy
    )


def access(who: Access) -> Check:
    """May this user open a serial port?"""
    group = who.port_group
    if who.is_root:
        return Check("group", "ok", f"{who.user} may open every port")
    if group in who.groups:
        return Check("group", "ok", f"{who.user} is in {group}")
    if group in who.granted:
        return Check(
            "group", "warn", f"{who.user} was put into {group} and has not logged in since", "log out and in, or reboot"
        )
    return Check(
        "group", "fail", f"{who.user} is not in {group}", f"sudo usermod -aG {group} {who.user}, then log out and in"
    )


def port(ports: Sequence[str], dongles: Sequence[str]) -> Check:
    """Is a dongle there?"""
    if len(dongles) == 1:
        return Check("port", "ok", f"dongle on {dongles[0]}")
    if dongles:
        return Check(
            "port", "warn", f"{len(dongles)} dongles: {', '.join(dongles)}", "name one: --board serial://DEVICE"
        )
    seen = f"ports without one: {', '.join(ports)}" if ports else "no serial port at all"
    return Check("port", "warn", f"no OpenBCI dongle; {seen}", "plug the dongle in; on a Pi, with its own power supply")


def latency(milliseconds: int | None) -> Check:
    """None: the adapter has no such timer."""
    if milliseconds is None:
        return Check("latency", "ok", "the port has no latency timer to set")
    if milliseconds <= LATENCY_MS:
        return Check("latency", "ok", f"timer at {milliseconds} ms")
    return Check("latency", "warn", f"timer at {milliseconds} ms: samples come in bursts of some 60 ms", LATENCY_RULE)


def clock(year: int, synchronised: bool | None) -> Check:
    """synchronised: None where nobody can say."""
    if year < EARLIEST_YEAR:
        return Check(
            "clock", "fail", f"the year is {year}: recordings would bear no date",
            "connect to the network, or fit a real-time clock; now: sudo date -s 'YYYY-MM-DD HH:MM:SS'",
        )  # fmt: skip
    if synchronised:
        return Check("clock", "ok", "set by the network")
    found = "not set by the network" if synchronised is False else "nobody says whether the network sets it"
    return Check("clock", "warn", found, "sudo timedatectl set-ntp true; without a network fit a real-time clock")


def space(disk: Disk) -> Check:
    """Room for how long?"""
    days = disk.free_bytes / (GB_PER_DAY * 1e9)
    length = f"{days:.0f} days" if days >= 2 else f"{24 * days:.0f} hours"
    found = f"{disk.free_bytes / 1e9:.1f} GB free where {disk.folder} lies: some {length} of 8 channels"
    if days >= WARN_DAYS:
        return Check("disk space", "ok", found)
    remedy = "copy sessions away (hfs-emg export … --to archive) and erase them, or take a larger disk: --store"
    return Check("disk space", "warn" if days >= LEAST_DAYS else "fail", found, remedy)


def speed(disk: Disk) -> Check:
    """Does it keep up with a record a second?"""
    if not disk.syncs_s:
        return Check("disk speed", "warn", "not measured: the store cannot be written", "see the line on the store")
    ordered = sorted(disk.syncs_s)
    median, worst = ordered[len(ordered) // 2], ordered[-1]
    found = f"a record is safe after {1000 * median:.0f} ms, at worst {1000 * worst:.0f} ms"
    remedy = "take a better card (A2) or a USB disk; stop what else writes"
    if median >= HOPELESS_SYNC_S:
        return Check("disk speed", "fail", found, remedy)
    return Check(
        "disk speed", "warn" if worst >= SLOW_SYNC_S else "ok", found, remedy if worst >= SLOW_SYNC_S else None
    )


def store(found: StoreAccess) -> Check:
    """Writable, and its owner's alone."""
    if found.problem is not None:
        return Check(
            "store", "fail", found.problem, f"sudo chown -R $USER {found.folder}, or name another folder with --store"
        )
    if found.mode is not None and found.mode & 0o077:
        return Check(
            "store",
            "warn",
            f"{found.folder} is open to others (mode {found.mode & 0o777:o})",
            f"chmod 700 {found.folder}",
        )
    what = "yours alone" if found.mode is not None else "will be made with the first recording"
    return Check("store", "ok", f"{found.folder}, {what}")


def lsl(problem: str | None, installed: bool) -> Check:
    """LabStreamingLayer, which only `stream` and lsl: boards want."""
    if not installed:
        return Check("liblsl", "ok", "not installed; only streaming to other programs would want it")
    if problem is None:
        return Check("liblsl", "ok", "works")
    found, _, remedy = problem.partition(": ")
    return Check("liblsl", "warn", found, remedy.rstrip(".") or None)


def brainflow(installed: bool, machine: str) -> Check:
    """Its wheel holds no ARM library for Linux, and says so only when it is used."""
    if machine == "x86_64" or not installed:
        return Check("brainflow", "ok", "installed" if installed else "not installed; serial: boards do not want it")
    return Check(
        "brainflow", "warn", f"installed, and without a library for {machine}: brainflow: boards fail with an OSError",
        "use serial: boards, which need none of it, or build BrainFlow from source",
    )  # fmt: skip
