"""A study as BIDS: valid by the validator, and read back by mne-bids."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import mne_bids
import numpy as np
import pytest

from hfs_emg.exports.bids import write
from hfs_emg.exports.shared import SharedSession

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")


@pytest.fixture(scope="module")
def study(sessions: list[SharedSession], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bids") / "study"
    write(sessions, out)
    return out


def found_by_the_validator(study: Path) -> list[dict[str, str]]:
    ran = subprocess.run([VALIDATOR, "--format", "json", study], check=False, capture_output=True, text=True)
    return [i for i in json.loads(ran.stdout)["issues"]["issues"] if i.get("severity", "error") == "error"]


def test_the_validator_finds_no_error_in_a_study_of_three_sessions(study: Path) -> None:
    assert found_by_the_validator(study) == []
    assert len(list(study.rglob("*_emg.bdf"))) == 3


def test_the_validator_would_find_one(study: Path, tmp_path: Path) -> None:
    """What it says counts: without a required field it says so."""
    broken = tmp_path / "broken"
    shutil.copytree(study, broken)
    for sidecar in broken.rglob("*_emg.json"):
        document = json.loads(sidecar.read_text())
        del document["EMGReference"]
        sidecar.write_text(json.dumps(document))
    assert {i["code"] for i in found_by_the_validator(broken)} == {"SIDECAR_KEY_REQUIRED"}


@pytest.mark.filterwarnings("ignore")
def test_mne_bids_reads_the_samples_and_the_events(study: Path, sessions: list[SharedSession]) -> None:
    for session in sessions:
        path = mne_bids.BIDSPath(
            root=study, subject=session.subject, session=session.id.replace("-", ""), task="monitoring", datatype="emg"
        )
        raw = mne_bids.read_raw_bids(path, verbose="error")
        assert raw.info["sfreq"] == session.signal.rate_hz
        assert raw.get_channel_types()[:8] == ["emg"] * 8
        counts = np.concatenate([b.counts for b in session.blocks()])
        scale = session.signal.inputs[0].microvolts_per_count * 1e-6
        np.testing.assert_allclose(raw.get_data(picks="emg")[:, : len(counts)].T, counts * scale, atol=1e-12)
        kinds = [a["description"] for a in raw.annotations]
        assert sum("spasm" in k for k in kinds) == sum(e.kind == "spasm" for e in session.episodes) > 20


def test_the_events_hold_every_episode_and_marker_in_order(study: Path, sessions: list[SharedSession]) -> None:
    for session in sessions:
        (path,) = study.rglob(f"*ses-{session.id.replace('-', '')}*_events.tsv")
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))
        onsets = [float(r["onset"]) for r in rows]
        assert onsets == sorted(onsets)
        told = [(float(r["onset"]), r["trial_type"]) for r in rows if r["source"] == "algorithm"]
        assert told == [(e.start_s, e.kind.value) for e in session.episodes]
        nearest = [round(float(r["onset"]) * session.signal.rate_hz) for r in rows]
        assert [int(r["sample"]) for r in rows] == nearest
        assert any(float(r["onset"]) * session.signal.rate_hz % 1 > 0.5 for r in rows), (
            "or cutting off would be as good"
        )
        (marker,) = [r for r in rows if r["source"] == "marker"]
        assert (marker["value"], marker["sample"]) == ("smile, then rest", "100")


def test_each_channel_names_the_muscle_that_its_montage_names(study: Path, sessions: list[SharedSession]) -> None:
    for session in sessions:
        (path,) = study.rglob(f"*ses-{session.id.replace('-', '')}*_channels.tsv")
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))
        assert session.montage is not None
        for channel in session.montage.channels:
            row = rows[channel.input]
            assert row["name"] == session.signal.inputs[channel.input].label
            assert (row["group"], row["target_muscle"]) == (channel.side, f"{channel.side.value} {channel.site.words}")
            assert (row["type"], row["units"]) == ("EMG", "uV")
