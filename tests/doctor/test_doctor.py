"""`hfs-emg doctor`: what is wrong is named, at its place, with what to do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, LinkStatistics
from firmware_bridge.errors import BoardOff, NotAnOpenBCI, PortBusy
from hfs_emg.acquisition import AcquisitionStatistics
from hfs_emg.boards import open_board
from hfs_emg.cli import main
from hfs_emg.doctor import checks, machine
from hfs_emg.doctor.checks import Access, Check, Disk, StoreAccess
from hfs_emg.doctor.link import board_checks, bursts, mains, radio, rate

ME = Access("pi", False, frozenset({"pi"}), frozenset())
CARD = Disk("/home/pi/store", 20_000_000_000, (0.01,) * 12)
STORE = StoreAccess("/home/pi/store", None, 0o40700)

HEALTHY = (
    checks.bits("aarch64", 64),
    checks.access(msgspec.structs.replace(ME, groups=frozenset({"pi", "dialout"}))),
    checks.access(msgspec.structs.replace(ME, is_root=True)),
    checks.port(["/dev/ttyUSB0"], ["/dev/ttyUSB0"]),
    checks.latency(1),
    checks.latency(None),
    checks.clock(2026, True),
    checks.space(CARD),
    checks.speed(CARD),
    checks.store(STORE),
    checks.store(msgspec.structs.replace(STORE, mode=None)),
    checks.lsl(None, installed=True),
    checks.lsl(None, installed=False),
    checks.brainflow(True, "x86_64"),
    checks.brainflow(False, "aarch64"),
    radio(LinkStatistics(bytes_read=10_000), AcquisitionStatistics(samples=2500)),
    bursts(0.04),
    rate(250.4, 250.0),
    mains([3.0, 40.0], ["EMG L OOC", "EMG R OOC"]),
)

ILL = (
    (checks.bits("armv7l", 32), "fail", "64-bit Raspberry Pi OS"),
    (checks.bits("aarch64", 32), "fail", "64-bit Raspberry Pi OS"),
    (checks.access(ME), "fail", "sudo usermod -aG dialout pi"),
    (checks.access(msgspec.structs.replace(ME, granted=frozenset({"dialout"}))), "warn", "log out and in"),
    (checks.port([], []), "warn", "plug the dongle in"),
    (checks.port(["/dev/ttyUSB0", "/dev/ttyUSB1"], ["/dev/ttyUSB0", "/dev/ttyUSB1"]), "warn", "--board serial://"),
    (checks.latency(16), "warn", "60-hfs-emg.rules"),
    (checks.clock(1970, False), "fail", "real-time clock"),
    (checks.clock(2026, False), "warn", "set-ntp"),
    (checks.space(msgspec.structs.replace(CARD, free_bytes=1_000_000_000)), "warn", "erase"),
    (checks.space(msgspec.structs.replace(CARD, free_bytes=10_000_000)), "fail", "erase"),
    (checks.speed(msgspec.structs.replace(CARD, syncs_s=(0.01, 0.01, 0.4))), "warn", "better card"),
    (checks.speed(msgspec.structs.replace(CARD, syncs_s=(1.5, 2.0, 3.0))), "fail", "better card"),
    (checks.store(msgspec.structs.replace(STORE, problem="it cannot be written")), "fail", "chown"),
    (checks.store(msgspec.structs.replace(STORE, mode=0o40755)), "warn", "chmod 700"),
    (checks.lsl("liblsl is not found: install it.", installed=True), "warn", "install it"),
    (checks.brainflow(True, "aarch64"), "warn", "serial: boards"),
    (radio(LinkStatistics(bytes_read=1000, bytes_skipped=20), AcquisitionStatistics(samples=2500)), "warn", "nearer"),
    (radio(LinkStatistics(), AcquisitionStatistics(samples=2500, lost_samples=500)), "fail", "nearer"),
    (bursts(0.06), "warn", "60-hfs-emg.rules"),
    (rate(230.0, 250.0), "warn", "oscillator"),
    (mains([3.0, 250.0], ["EMG L OOC", "EMG R OOC"]), "warn", "re-gel"),
    (mains([3.0, 950.0], ["EMG L OOC", "EMG R OOC"]), "fail", "re-gel"),
    (mains([], []), "warn", "radio"),
)


@pytest.mark.parametrize("check", HEALTHY, ids=lambda c: c.name)
def test_what_is_well_is_ok_and_asks_for_nothing(check: Check) -> None:
    assert check.verdict == "ok"
    assert check.remedy is None


@pytest.mark.parametrize(("check", "verdict", "words"), ILL, ids=lambda v: v.name if isinstance(v, Check) else None)
def test_what_is_ill_is_named_with_its_remedy(check: Check, verdict: str, words: str) -> None:
    assert check.verdict == verdict
    assert words in (check.remedy or "")


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (PortBusy("Port /dev/ttyUSB0 is in use by minicom: close that program."), "port"),
        (BoardOff("Dongle works, but no board is heard: switch it on."), "radio"),
        (NotAnOpenBCI("Nothing answers as an OpenBCI: check the port."), "board"),
    ],
)
def test_a_board_that_cannot_be_opened_fails_at_its_place_with_the_remedy_of_the_error(error, place) -> None:
    def fails():
        raise error

    (check,) = board_checks(fails, default_montage)
    assert (check.name, check.verdict) == (place, "fail")
    assert f"{check.found}: {check.remedy}." == str(error)


class Altered:
    """A board of which each reading is altered on its way."""

    def __init__(self, alter):
        self._board = open_board("sim:healthy-rest?seed=3&speed=virtual")
        self._alter = alter

    def __getattr__(self, name):
        return getattr(self._board, name)

    def read(self, timeout_s):
        reading = self._board.read(timeout_s)
        return None if reading is None else self._alter(reading)


def test_a_radio_that_loses_a_tenth_is_told_and_the_electrodes_are_not_judged() -> None:
    def lossy(reading):
        kept = np.asarray(reading.counters) % 10 != 3
        names = ("counts", "counters", "arrival_s", "aux")
        return replace(reading, **{name: getattr(reading, name)[kept] for name in names})

    by_name = {c.name: c for c in board_checks(lambda: Altered(lossy), default_montage)}
    assert by_name["board"].verdict == "ok"
    assert by_name["radio"].verdict in ("warn", "fail")
    assert by_name["contact"].verdict == by_name["mains"].verdict == "warn"


def test_an_electrode_at_the_rail_fails_with_its_place() -> None:
    def railed(reading):
        counts = np.array(reading.counts)
        counts[:, 1] = CYTON.count_max
        return replace(reading, counts=counts)

    (bad,) = [c for c in board_checks(lambda: Altered(railed), default_montage) if c.verdict == "fail"]
    assert bad.name == "contact"
    assert bad.found == "Left orbicularis oculi: at the rail"
    assert "lead" in (bad.remedy or "")


def test_the_command_checks_a_simulated_board_and_says_how_it_ended(tmp_path, capsys) -> None:
    board = ["--board", "sim:moderate-right?seed=3&speed=virtual"]
    assert main(["doctor", *board, "--store", str(tmp_path), "--json", str(tmp_path / "doctor.json")]) == 0
    document = json.loads((tmp_path / "doctor.json").read_text())
    names = [c["name"] for c in document["checks"]]
    assert document["schema"] == "hfs-emg/doctor/1"
    assert {"system", "clock", "store", "disk space", "disk speed", "board", "radio", "contact", "mains"} <= set(names)
    assert re.search(r"\d+ checks: 0 failed", capsys.readouterr().out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["doctor.json"]


def test_a_port_that_is_not_there_ends_with_status_three(tmp_path, capsys) -> None:
    assert main(["doctor", "--board", f"serial://{tmp_path}/none", "--store", str(tmp_path)]) == 3
    assert "fail  port" in capsys.readouterr().out


def test_a_store_that_cannot_be_written_ends_with_status_five(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["doctor", "--store", str(tmp_path / "file" / "store")]) == 5


def test_the_latency_timer_is_read_where_the_system_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB9").mkdir()
    (tmp_path / "ttyUSB9" / "latency_timer").write_text("16\n")
    pattern = str(tmp_path / "{}" / "latency_timer")
    assert machine.latency_ms("/dev/ttyUSB9", pattern) == 16
    assert machine.latency_ms("/dev/ttyACM0", pattern) is None
