"""What is installed beside the program agrees with it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from firmware_bridge.connect import DONGLE_USB_ID
from hfs_emg.cli import parser
from hfs_emg.doctor.checks import LATENCY_MS, LATENCY_RULE
from hfs_emg.service_settings import read_service

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "raspberry-pi.md").read_text()


def test_the_udev_rule_speaks_of_our_dongle_and_satisfies_the_doctor() -> None:
    text = (DEPLOY / "60-hfs-emg.rules").read_text()
    assert set(re.findall(r'idVendor}=="(\w+)"', text)) == {f"{DONGLE_USB_ID[0]:04x}"}
    assert set(re.findall(r'idProduct}=="(\w+)"', text)) == {f"{DONGLE_USB_ID[1]:04x}"}
    assert int(re.search(r'ATTR{latency_timer}="(\d+)"', text)[1]) <= LATENCY_MS  # type: ignore[index]
    assert "deploy/60-hfs-emg.rules" in LATENCY_RULE


def test_every_rule_is_a_list_of_matches_and_assignments() -> None:
    term = re.compile(r'[A-Z]+(\{\w+\})?(==|!=|\+=|=)"[^"]*"')
    for line in (DEPLOY / "60-hfs-emg.rules").read_text().splitlines():
        if line and not line.startswith("#"):
            assert all(term.fullmatch(part.strip()) for part in line.split(",")), line


def test_the_unit_starts_what_the_guide_installs() -> None:
    unit = (DEPLOY / "hfs-emg.service").read_text()
    start = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])  # type: ignore[index]
    assert f"python3 -m venv ~/{Path(start[0]).parents[1].relative_to('/home/pi')}" in GUIDE
    options = parser().parse_args(start[1:])
    assert options.command == "monitor"
    assert options.settings == Path("/home/pi/service.toml")
    assert "saved as `service.toml` in the folder of user `pi`" in GUIDE
    assert "SupplementaryGroups=dialout" in unit


def test_the_settings_of_the_guide_are_read(tmp_path: Path) -> None:
    path = tmp_path / "service.toml"
    path.write_text(re.search(r"^```toml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)[1])  # type: ignore[index]
    told, _ = read_service(path)
    assert (told.board, told.store) == ("serial:auto", "/home/pi/recordings")


@pytest.mark.parametrize(
    ("machine", "wheel", "says"),
    [
        ("armv7l", "a.whl", "this is armv7l, not aarch64"),
        ("aarch64", "a.whl", "a.whl is not there: python3 -m pip wheel"),
        ("aarch64", "b.whl", "is not the project's folder: cd there"),
    ],
)
def test_the_check_on_arm_says_what_it_lacks(tmp_path: Path, machine: str, wheel: str, says: str) -> None:
    (tmp_path / "b.whl").touch()
    (tmp_path / "uname").write_text(f"#!/bin/sh\necho {machine}\n")
    (tmp_path / "uname").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PLACE": str(tmp_path / "place")}
    done = subprocess.run(
        ["sh", DEPLOY / "arm64_check.sh", wheel],
        check=False, capture_output=True, text=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "place").exists()


def test_the_check_on_arm_installs_extras_that_there_are() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r'"\$\{wheel\}\[(.*?)\]"', (DEPLOY / "arm64_check.sh").read_text())
    assert set(named.split(",")) == set(extras) - {"peers"}
