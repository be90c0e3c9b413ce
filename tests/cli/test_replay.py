"""A session analysed again gives exactly what was found while it was recorded."""

import json
from contextlib import closing

import pytest
from command_line import refused, session_in

from calibration.montage import default_montage, montage_of
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.session.store import Store
from hfs_emg.sessions import live_session
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario

LOSSES = ("@9.1 drop 3", "@14.03 stall 1.2 lose", "@22.5 loss 2", "@31 poweroff", "@33 poweron", "@40.7 drop 40")
OTHER_SETTINGS = AnalysisSettings(band_low_hz=30.0, on_factor=3.0, episode_gap_s=0.2)
OTHER_MONTAGE = montage_of(
    [(6, "right", "orbicularis_oculi"), (7, "right", "zygomaticus"), (2, "left", "OOC"), (3, "left", "ZYG")]
)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def record(store, duration_s=60.0, *, faults=(), montage=None, settings=None):
    """Recorded in virtual time over an emulated board. Returns the session and how it ended."""
    face = SimulatedFace(load_scenario("moderate-right"), seed=2)
    emulator = CytonEmulator(face, rate_hz=250.9, reset_s=0.05, faults=Faults(faults, seed=1))
    with (
        closing(CytonBoard(EmulatorLink(emulator))) as board,
        live_session(
            board,
            Store(store),
            "S1",
            montage or default_montage(8),
            settings or AnalysisSettings(),
            duration_s=duration_s,
        ) as session,
    ):
        outcome = session.monitor.run()
    return session_in(store), outcome


def live(session):
    """Episodes as they were found live, without the times at which they became known and the sum of the line."""
    lines = [json.loads(line) for line in (session.folder / "episodes.jsonl").read_text().splitlines()]
    for line in lines:
        del line["first_provisional_s"], line["settled_s"], line["sum"]
    return sorted(lines, key=lambda e: (e["start_s"], e["id"]))


def analysed(hfs, session, *more):
    result = hfs("analyze", session.folder, "--json", "-", *more)
    assert result.status == 0, result
    return json.loads(result.out)


def test_what_was_found_live_is_found_again(hfs, store):
    session, _ = record(store)
    found = analysed(hfs, session)
    assert found["episodes"] == live(session)
    assert any(e["kind"] == "spasm" for e in found["episodes"])


def test_also_with_lost_samples_holes_and_restarts(hfs, store):
    session, outcome = record(store, faults=LOSSES)
    assert session.stop.restarts >= 1
    assert session.stop.gaps >= 5
    assert max(b - a for a, b in session.gaps) >= 300
    found = analysed(hfs, session)
    assert found["episodes"] == live(session)
    assert found["recording"]["valid_s"] == session.stop.valid_s
    assert sum(i["reason"] == "gap" for i in found["invalid"]) >= 3
    assert outcome.lost_samples == session.stop.lost_samples == sum(b - a for a, b in session.gaps)


def test_also_with_other_settings_and_another_montage(hfs, store, tmp_path):
    session, _ = record(store, settings=OTHER_SETTINGS, montage=OTHER_MONTAGE)
    found = analysed(hfs, session)
    assert found["episodes"] == live(session)
    assert [p["channel"] for p in found["recording"]["montage"]] == ["EMG L OOC", "EMG L ZYG", "EMG R OOC", "EMG R ZYG"]
    # What is given on the command line counts more, and so would the defaults.
    settings = tmp_path / "settings.toml"
    settings.write_text("[analysis]\nband_low_hz = 20\n")
    assert analysed(hfs, session, "--settings", settings)["episodes"] != found["episodes"]
    assert analysed(hfs, session, "--anew")["episodes"] != found["episodes"]
    montage = tmp_path / "montage.toml"
    montage.write_text('[[channel]]\nlabel = "EMG R OOC"\nside = "right"\nsite = "orbicularis_oculi"\n')
    assert [p["channel"] for p in analysed(hfs, session, "--montage", montage)["recording"]["montage"]] == ["EMG R OOC"]


def test_the_model_is_the_sessions_own_unless_asked_anew(hfs, store, monkeypatch):
    """After the session the program gets a model that calls nothing a spasm."""
    session, _ = record(store)
    before = analysed(hfs, session)["episodes"]
    model = json.loads(DEFAULT_MODEL.read_bytes())
    model["in_context"]["intercept"][model["classes"].index("spasm")] -= 1000.0
    other = store / "model.json"
    other.write_text(json.dumps(model))
    monkeypatch.setattr("hfs_emg.sessions.MODEL_FILE", other)
    assert analysed(hfs, session)["episodes"] == before
    assert not any(e["kind"] == "spasm" for e in analysed(hfs, session, "--anew")["episodes"])


@pytest.mark.parametrize("name", ["settings.json", "model.json"])
def test_a_copy_that_was_changed_or_lost_is_refused_and_the_programs_own_offered(hfs, store, name):
    session, _ = record(store, 5.0)
    copy = session.folder / name
    copy.write_bytes(copy.read_bytes() + b" ")
    assert refused(hfs("analyze", session.folder), 4, name, "not what the session was recorded with", "--anew")
    assert hfs("analyze", session.folder, "--anew").status == 0
    copy.unlink()
    assert refused(hfs("analyze", session.folder), 4, name, "cannot be read", "--anew")
    assert hfs("analyze", session.folder, "--anew").status == 0


def test_a_model_of_another_version_is_refused_and_the_programs_own_offered(hfs, store, monkeypatch):
    other = store.with_name("model.json")
    other.write_text('{"schema": "hfs-emg/model/2"}')
    monkeypatch.setattr("hfs_emg.sessions.MODEL_FILE", other)
    session, outcome = record(store, 5.0)
    assert outcome.errors  # it could not be analysed live either, and was recorded all the same
    assert session.stop.samples == 1250
    monkeypatch.undo()
    assert refused(hfs("analyze", session.folder), 4, "cannot use", "--anew")
    assert hfs("analyze", session.folder, "--anew").status == 0


def test_an_imported_session_is_found_again_too(hfs, store, tmp_path):
    recording = tmp_path / "patient.bdf"
    settings = tmp_path / "settings.toml"
    settings.write_text("[analysis]\non_factor = 3.0\n")
    hfs("simulate", "moderate-right", recording, "--duration", 40)
    assert hfs("import", recording, "--subject", "S1", "--store", store, "--settings", settings).status == 0
    session = session_in(store)
    assert analysed(hfs, session)["episodes"] == live(session)
    assert (
        analysed(hfs, session)["episodes"]
        == json.loads(hfs("analyze", recording, "--settings", settings, "--json", "-").out)["episodes"]
    )
