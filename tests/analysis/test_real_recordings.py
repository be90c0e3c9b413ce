"""Real recordings of healthy people: sidedness, quiet, and no confident spasm where somebody clenched one side of the jaw."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from hfs_emg.analysis.document import Analysis, analyse
from hfs_emg.events import Kind
from hfs_emg.formats import open_recording
from hfs_emg.settings import montage_from_toml

DATA = Path(__file__).parents[1] / "data"
MONTAGE = """
[[channel]]
input = 1
side = "left"
site = "orbicularis_oculi"
[[channel]]
input = 2
side = "right"
site = "orbicularis_oculi"
[[channel]]
input = 3
side = "left"
site = "zygomaticus"
[[channel]]
input = 5
side = "left"
site = "orbicularis_oris"
[[channel]]
input = 4
side = "right"
site = "zygomaticus"
[[channel]]
input = 6
side = "right"
site = "orbicularis_oris"
"""
CLENCHES = (
    (8.224, 9.7, "left"),
    (9.776, 11.236, "right"),
    (11.332, 12.668, "left"),
    (12.928, 14.292, "right"),
    (81.972, 82.832, "left"),
    (83.0, 84.084, "right"),
    (84.196, 85.352, "left"),
)
"""Side A is called left: which is which was not written down. From the labels beside the recording, tolerance 0.1 s."""
BLINK_RUNS = ((4.2, 6.4), (15.3, 16.7), (79.5, 81.0))


@pytest.fixture(scope="module")
def clenches(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    source = next((DATA / "openbci_gui").glob("OpenBCI_GUI-v6*"))
    path = tmp_path_factory.mktemp("real") / "v6.txt"
    if source.suffix == ".gz":
        with gzip.open(source) as packed, path.open("wb") as out:
            shutil.copyfileobj(packed, out)
    else:
        shutil.copy(source, path)
    recording = open_recording(path, montage_from_toml(MONTAGE, "test"))
    assert recording.montage is not None
    document, _ = analyse(recording, recording.montage)
    return document


def overlapping(document: Analysis, start: float, end: float) -> list:
    return [e for e in document.episodes if e.start_s < end and e.end_s > start]


@pytest.mark.parametrize(("start", "end", "side"), CLENCHES)
def test_each_clench_is_one_sided_on_its_side(clenches: Analysis, start: float, end: float, side: str) -> None:
    middle = (start + end) / 2
    found = [e for e in overlapping(clenches, middle - 0.3, middle + 0.3) if e.side in ("left", "right")]
    assert {e.side for e in found} == {side}


def test_no_clench_is_called_a_spasm(clenches: Analysis) -> None:
    assert [e for e in clenches.episodes if e.kind is Kind.SPASM] == []


@pytest.mark.parametrize(("start", "end"), BLINK_RUNS)
def test_blinks_are_two_sided(clenches: Analysis, start: float, end: float) -> None:
    found = overlapping(clenches, start, end)
    assert found
    assert {e.side for e in found} == {"both"}


def test_nothing_is_found_in_the_rest(clenches: Analysis) -> None:
    assert overlapping(clenches, 20.0, 75.5) == []


@pytest.mark.parametrize("jump", [2.195, 89.33])
def test_a_jump_of_the_mains_is_no_event(clenches: Analysis, jump: float) -> None:
    assert overlapping(clenches, jump - 0.2, jump + 0.6) == []


def test_one_sided_findings_are_the_seven_clenches_in_their_order(clenches: Analysis) -> None:
    sides = [e.side for e in sorted(clenches.episodes, key=lambda e: e.start_s) if e.side in ("left", "right")]
    assert sides == [side for _, _, side in CLENCHES]
