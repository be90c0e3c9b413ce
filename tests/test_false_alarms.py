"""How many of the spasms named may be false: rates from counts, and what the program tells of them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hfs_emg.errors import RequestError
from hfs_emg.false_alarms import (
    EDGES,
    FaceAlarms,
    FalseAlarms,
    bin_counts,
    false_alarm_rate,
    measured_false_alarms,
    model_mark,
)

ALARMS = FalseAlarms(
    "hfs-emg/false-alarms/1",
    "simulation, not patients",
    "a-model 0123456789",
    EDGES,
    tuple(FaceAlarms(f"face-{i}", 0.5, (0, 1, 0, 2, 0, 1) if i == 0 else (0,) * 6) for i in range(8)),
)


def test_the_rate_from_a_confidence_up_is_counts_over_hours() -> None:
    assert bin_counts([0.4, 0.5, 0.65, 0.8, 0.95, 1.0]) == (1, 1, 0, 1, 0, 2)
    assert false_alarm_rate(ALARMS, 0.5).value == pytest.approx(4 / 4)
    assert false_alarm_rate(ALARMS, 0.8).value == pytest.approx(3 / 4)
    assert false_alarm_rate(ALARMS, 0.95).value == pytest.approx(1 / 4)


def test_the_interval_knows_that_one_face_gave_them_all() -> None:
    """Poisson's alone, for 4 in 4 hours, would be 0.27 to 2.56."""
    rate = false_alarm_rate(ALARMS, 0.5)
    assert rate.low == 0.0
    assert rate.high == pytest.approx(3.0)  # that face drawn three times among eight


def test_nothing_seen_is_not_nothing_possible() -> None:
    quiet = msgspec.structs.replace(ALARMS, faces=tuple(FaceAlarms("rest", 0.5, (0,) * 6) for _ in range(8)))
    rate = false_alarm_rate(quiet, 0.5)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(3.689 / 4, abs=0.01)


def test_a_confidence_that_was_not_counted_from_is_refused() -> None:
    with pytest.raises(RequestError, match=r"choose one of 0\.5, 0\.6"):
        false_alarm_rate(ALARMS, 0.55)


def test_no_valid_time_gives_no_rate() -> None:
    empty = msgspec.structs.replace(ALARMS, faces=(FaceAlarms("rest", 0.0, (0,) * 6),))
    assert false_alarm_rate(empty, 0.5).value is None


def test_figures_of_another_model_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hfs_emg.false_alarms as module

    model = tmp_path / "model.json"
    model.write_bytes(b'{"name": "a-model"}')
    monkeypatch.setattr(module, "MODEL", model)
    monkeypatch.setattr(module, "STORED", tmp_path / "false_alarms.json")
    measured = measured_false_alarms.__wrapped__
    assert measured() is None
    of_this = msgspec.structs.replace(ALARMS, model=model_mark(model.read_bytes()))
    module.STORED.write_bytes(msgspec.json.encode(of_this))
    assert measured() == of_this
    model.write_bytes(b'{"name": "a-model", "classes": []}')
    assert measured() is None


@pytest.mark.parametrize("measured", [True, False])
def test_the_summary_says_how_many_may_be_false(
    measured: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import hfs_emg.false_alarms as module
    from hfs_emg.cli import main

    monkeypatch.setattr(module, "measured_false_alarms", lambda: ALARMS if measured else None)
    recording = tmp_path / "x.bdf"
    assert main(["simulate", "moderate-right", str(recording), "--duration", "40"]) == 0
    capsys.readouterr()
    assert main(["analyze", str(recording)]) == 0
    (line,) = [
        ln for ln in capsys.readouterr().out.splitlines() if ln.startswith("Spasms by confidence in 0.01 valid h: ")
    ]
    assert re.search(r": \d+ at ≥ 0\.5, \d+ at ≥ 0\.8, \d+ at ≥ 0\.95\. ", line)
    if measured:
        assert "on 8 simulated faces without spasm (4.0 h, not patients; 95 %): 0.0–" in line
    else:
        assert line.endswith("How many of them may be false was not measured for this version's model.")
