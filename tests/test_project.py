"""The project as a stranger meets it: the environment that make sets up, and the wheel. Nothing here needs the network.

.ci/environment is run with a Python that is a shell script: it says which version it is, makes "environments" that hold itself, and
writes down what pip was asked for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("hfs_emg", "firmware_bridge", "calibration")

FAKE_PYTHON = """#!/bin/sh
case "$*" in
*version_info*) echo "${FAKE_VERSION:-3.11}" ;;
*ensurepip*) exit "${FAKE_ENSUREPIP:-0}" ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo "made" >>"$FAKE_LOG" ;;
"-m pip install "*) echo "pip ${*##* }" >>"$FAKE_LOG"; exit "${FAKE_PIP:-0}" ;;
esac
"""


class Place:
    """A folder with what .ci/environment needs, a fake Python, and a log of what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "environment", folder / ".ci")
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.python = folder.parent / "fake python3"
        self.python.write_text(FAKE_PYTHON)
        self.python.chmod(0o755)
        self.log = folder.parent / "log"
        self.whole = folder / ".venv" / ".whole"

    def asked(self) -> list[str]:
        """What the fake did since the last question."""
        said = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return said

    def set_up(self, *extras: str, python: str | None = None, **fake: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FAKE_LOG": str(self.log), **{f"FAKE_{k.upper()}": v for k, v in fake.items()}}
        return subprocess.run(
            [str(self.folder / ".ci" / "environment"), python or str(self.python), *(extras or ("report",))],
            check=False, capture_output=True, text=True, env=environment,
        )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Its path has a space in it, as people's do."""
    return Place(tmp_path / "my clone")


def test_an_environment_is_made_once_and_then_left_alone(place: Place) -> None:
    assert place.set_up().returncode == 0
    assert place.asked() == ["made", "pip .[report]"]
    assert place.set_up().returncode == 0
    assert place.asked() == []


def test_more_extras_are_added_and_fewer_are_enough(place: Place) -> None:
    place.set_up("report")
    place.asked()
    place.set_up("report", "dev")
    assert place.asked() == ["pip .[report,dev]"]
    place.set_up("report")
    assert place.asked() == []


def test_a_changed_pyproject_is_installed_again(place: Place) -> None:
    place.set_up()
    place.asked()
    with (place.folder / "pyproject.toml").open("a") as file:
        file.write("# one more\n")
    place.set_up()
    assert place.asked() == ["pip .[report]"]


def test_an_interrupted_installation_is_made_anew(place: Place) -> None:
    failed = place.set_up(pip="1")
    assert failed.returncode != 0
    assert "give the same command again" in failed.stderr
    assert not place.whole.exists()
    place.asked()
    (place.folder / ".venv" / "half").touch()
    assert place.set_up().returncode == 0
    assert place.asked() == ["made", "pip .[report]"]
    assert not (place.folder / ".venv" / "half").exists()


def test_an_interrupted_renewal_is_made_anew(place: Place) -> None:
    """What was whole before is not whole after half an installation."""
    place.set_up()
    assert place.set_up("report", "dev", pip="1").returncode != 0
    place.asked()
    assert place.set_up().returncode == 0
    assert place.asked() == ["made", "pip .[report]"]


def test_an_environment_whose_python_is_gone_is_made_anew(place: Place) -> None:
    place.set_up()
    place.asked()
    (place.folder / ".venv" / "bin" / "python").unlink()
    assert place.set_up().returncode == 0
    assert place.asked() == ["made", "pip .[report]"]


def test_another_python_makes_another_environment(place: Place) -> None:
    place.set_up()
    place.asked()
    assert place.set_up(version="3.13").returncode == 0
    assert place.asked() == ["made", "pip .[report]"]


def test_a_moved_folder_gets_a_new_environment(place: Place) -> None:
    """Scripts in .venv/bin name the folder they were made in."""
    place.set_up()
    place.asked()
    place.folder = place.folder.rename(place.folder.with_name("elsewhere"))
    assert place.set_up().returncode == 0
    assert place.asked() == ["made", "pip .[report]"]


@pytest.mark.parametrize(
    ("python", "fake", "remedy"),
    [
        ("python3-that-is-not-there", {}, "sudo apt install python3 python3-venv"),
        (None, {"ensurepip": "1"}, "python3-venv is missing: sudo apt install python3-venv"),
        (None, {"version": "3.10"}, "make PYTHON=python3.12 demo"),
        (None, {"version": "3.14"}, "make PYTHON=python3.12 demo"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    place: Place, python: str | None, fake: dict[str, str], remedy: str
) -> None:
    told = place.set_up(python=python, **fake)
    assert told.returncode != 0
    assert remedy in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert not (place.folder / ".venv").exists()


def test_the_readme_names_what_the_system_must_have() -> None:
    """One line before the two commands, and the packages that `make system` installs are those."""
    text = (ROOT / "README.md").read_text()
    needs = text[: text.index("```sh\nmake demo\nmake test\n```")].strip().splitlines()[-1]
    named = re.search(r"`sudo apt install ([\w\- ]+)`", needs)
    assert named is not None
    installed = re.search(
        r"^\t.*apt-get install .*--no-install-recommends ([\w\-. ]+)$", (ROOT / "Makefile").read_text(), re.M
    )
    assert installed is not None
    assert set(named[1].split()) <= set(installed[1].split())


def test_the_pipeline_runs_the_readmes_test_command_and_calls_a_missing_test_a_failure() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert "export CI=true" in text
    assert text.strip().splitlines()[-1] == "make check"
    assert re.search(r"^check:.*\n\t@\$\(MAKE\) --no-print-directory test$", (ROOT / "Makefile").read_text(), re.M)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_make_test_says_which_tests_it_left_out_and_with_ci_that_is_a_failure(tmp_path: Path) -> None:
    """On a computer for which BrainFlow has no library."""
    (tmp_path / "brainflow").mkdir()
    (tmp_path / "brainflow" / "__init__.py").write_text("raise OSError('no library for this machine')\n")
    chosen = ["tests/bridge/test_board_contract.py", "-k", "BrainFlow and spec_is_sane", "-p", "no:cacheprovider"]
    outcomes = {}
    for ci in ("", "true"):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "CI": ci}
        outcomes[ci] = subprocess.run(
            [sys.executable, "-m", "pytest", *chosen],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
        )
    assert outcomes[""].returncode == 0
    assert re.search(r"^SKIPPED \[\d+\].*brainflow package has no library", outcomes[""].stdout, re.M)
    assert outcomes["true"].returncode != 0
    assert "with CI=true no test may be left out" in outcomes["true"].stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `pip wheel .` builds it, by the same back end."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_with_their_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    kept = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix in (".py", ".toml", ".json", ".typed", ".html", ".js", ".css", ".svg")
    }
    assert kept <= names, kept - names
    assert {f"{p}/py.typed" for p in PACKAGES} <= names
    assert "hfs_emg/analysis/model.json" in names
    assert any(n.startswith("hfs_emg/simulation/scenarios/") and n.endswith(".toml") for n in names)
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)
    assert any(n.endswith(".dist-info/licenses/THIRD_PARTY.md") for n in names)
    assert "hfs_emg/web/static/vendor/uplot/LICENSE" in names
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == set(PACKAGES)


def test_what_others_made_is_carried_unchanged() -> None:
    sums = re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", (ROOT / "THIRD_PARTY.md").read_text(), re.M)
    assert len(sums) == 3
    for name, wanted in sums:
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == wanted, name


def test_the_wheel_is_what_the_project_says_of_itself(wheel: Path) -> None:
    from hfs_emg import __version__

    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert re.search(r"^Requires-Dist: brainflow.*; .*platform_machine == 'x86_64'", metadata, re.M)
    assert re.search(r"^Requires-Dist: setuptools<82; .*python_version < '3.12'", metadata, re.M)


def test_the_installed_wheel_runs_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    environment = {**os.environ, "PYTHONPATH": str(target), "HFS_EMG_STORE": str(tmp_path / "store")}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment).stdout

    assert Path(run("-c", "import hfs_emg; print(hfs_emg.__file__)").strip()).is_relative_to(target)
    assert "usage: hfs-emg" in run("-m", "hfs_emg", "--help")
    assert "moderate-right" in run("-m", "hfs_emg", "simulate", "--list")
    run("-m", "hfs_emg", "simulate", "moderate-right", "x.bdf", "--duration", "20")
    assert "Not a diagnosis" in run("-m", "hfs_emg", "analyze", "x.bdf")


def test_the_console_script_is_the_program() -> None:
    import hfs_emg.cli

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"hfs-emg": "hfs_emg.cli:main"}
    assert callable(hfs_emg.cli.main)


def test_the_checks_are_as_strict_as_promised() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tool["mypy"]["strict"] is True
    assert set(tool["mypy"]["files"]) == {*PACKAGES, "benchmarks"}
    warnings = tool["pytest"]["ini_options"]["filterwarnings"]
    assert warnings[0] == "error"
    assert len(warnings) == 2, "one named exception, and its reason, is all there is"
