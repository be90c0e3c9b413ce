"""A session that was recorded with a calibration profile is analysed with it again, unless the settings say otherwise."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from calibration.profile_file import encode_profile
from hfs_emg.cli import main
from hfs_emg.profiles import PROFILE_NAME, read_profile

WITHOUT = "[analysis]\nuse_profile = false\n"


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one session of a subject that was calibrated before, to resting levels that are not this face's."""
    store = tmp_path_factory.mktemp("calibrated")
    board = ["--board", "sim:cooperative-left?speed=virtual", "--subject", "P9", "--store", str(store)]
    assert main(["calibrate", *board, "--quick", "--no-contact"]) == 0
    (path,) = (store / "P9").glob("calibration-*.json")
    profile = read_profile(path).profile
    louder = tuple(replace(c, rest_uv=5 * c.rest_uv) for c in profile.channels)
    path.write_bytes(encode_profile(replace(profile, channels=louder)))
    assert main(["record", *board[2:], "--board", "sim:moderate-left?speed=virtual&seed=7", "--duration", "30"]) == 0
    return store


def analysed(store: Path, out: Path, *options: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The rows of the table of episodes, and the one of provenance."""
    assert main(["cohort", str(store), "--out", str(out), "--workers", "1", *options]) == 0
    episodes, provenance = (
        pyarrow.parquet.read_table(out / f"{name}.parquet").to_pylist() for name in ("episodes", "provenance")
    )
    (row,) = provenance
    return episodes, row


def as_analyze(store: Path, capfd: pytest.CaptureFixture[str], *options: str) -> list[tuple[object, ...]]:
    (folder,) = (p.parent for p in store.rglob("start.json"))
    capfd.readouterr()
    assert main(["analyze", str(folder), "--json", "-", *options]) == 0
    return [
        (e["start_s"], e["end_s"], e["kind"], e["confidence"]) for e in json.loads(capfd.readouterr().out)["episodes"]
    ]


def told(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(r["start_s"], r["end_s"], r["kind"], r["confidence"]) for r in rows]


def test_the_profile_of_a_session_is_used_and_named(
    calibrated: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    episodes, provenance = analysed(calibrated, tmp_path / "out")
    (copy,) = calibrated.rglob(PROFILE_NAME)
    assert provenance["profile_sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert told(episodes) == as_analyze(calibrated, capfd) != as_analyze(calibrated, capfd, "--calibration", "none")


def test_settings_without_profiles_give_what_analyze_finds_without(
    calibrated: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(WITHOUT)
    episodes, provenance = analysed(calibrated, tmp_path / "out", "--settings", str(settings))
    assert provenance["profile_sha256"] is None
    assert told(episodes) == as_analyze(calibrated, capfd, "--calibration", "none")
    assert told(episodes) == as_analyze(calibrated, capfd, "--settings", str(settings))


def test_a_profile_that_was_changed_is_a_failure_with_its_remedy(calibrated: Path, tmp_path: Path) -> None:
    (copy,) = calibrated.rglob(PROFILE_NAME)
    content = copy.read_bytes()
    copy.write_bytes(content.replace(b"P9", b"P8"))
    try:
        assert main(["cohort", str(calibrated), "--out", str(tmp_path / "out"), "--workers", "1"]) == 4
    finally:
        copy.write_bytes(content)
    (failure,) = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert "is not what the session was recorded with: put it back." in failure["problem"]
    assert "use_profile = false" in failure["problem"]
