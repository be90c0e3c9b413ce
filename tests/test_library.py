"""The public names: light to import, and what the page about them says is so."""

from __future__ import annotations

import doctest
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import hfs_emg
from hfs_emg import library
from hfs_emg.cli import main
from hfs_emg.errors import RequestError

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
CHANNELS = ["L OOC", "L ZYG", "R OOC", "R ZYG"]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, hfs_emg; dir(hfs_emg)\n"
        "sys.exit(str([m for m in ('numpy', 'scipy', 'msgspec', 'matplotlib', 'mne') if m in sys.modules] or ''))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.stderr.strip() == ""


def test_opening_a_recording_loads_no_filter() -> None:
    code = "import sys, hfs_emg, hfs_emg.lsl.outlets; hfs_emg.open_recording; sys.exit(int('scipy' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_these() -> None:
    assert set(hfs_emg.__all__) == {
        "analyse", "open_recording", "plot_episode", "recording_of", "samples_of", "to_mne", "to_pandas",
    }  # fmt: skip
    assert all(getattr(hfs_emg, name) is getattr(library, name) for name in hfs_emg.__all__)
    assert set(hfs_emg.__all__) <= set(dir(hfs_emg))
    with pytest.raises(AttributeError, match="no attribute 'analyze_everything'"):
        hfs_emg.analyze_everything  # noqa: B018


def test_every_public_name_is_on_the_page() -> None:
    assert all(f"| `{name}(" in PAGE.read_text() for name in hfs_emg.__all__)


@pytest.mark.filterwarnings("ignore")
def test_the_examples_of_the_page_give_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text()
    made = text.split("made by\n`hfs-emg ")[1].split("`")[0]
    assert main(made.split()) == 0
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append)
    assert result.attempted > 15
    assert result.failed == 0, "".join(told)


def test_lost_samples_of_an_array_hold_the_last_value() -> None:
    values = np.arange(40.0).reshape(10, 4)
    values[0], values[4, 2] = np.nan, np.nan
    recording = library.recording_of(values, 250, CHANNELS, start_utc=datetime(2026, 1, 1, tzinfo=UTC))
    back, lost = library.samples_of(recording)
    assert np.flatnonzero(lost).tolist() == [0, 4]
    np.testing.assert_allclose(back[4], values[3], atol=0.012)
    assert (back[0] == 0).all()
    assert [len(b.counts) for b in recording.blocks(4)] == [4, 4, 2]


@pytest.mark.parametrize(
    ("shape", "channels", "says"),
    [
        ((10,), CHANNELS, r"shape \(10,\): \(samples, 4\) is needed"),
        ((10, 3), CHANNELS, r"shape \(10, 3\)"),
        ((0, 4), CHANNELS, r"shape \(0, 4\)"),
        ((10, 2), ["a", "b"], "None of the channels a, b names a side and a muscle"),
    ],
)
def test_an_array_that_cannot_be_is_refused(shape: tuple[int, ...], channels: list[str], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        library.recording_of(np.zeros(shape), 250, channels)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(RequestError, match="names no time zone"):
        library.recording_of(np.zeros((9, 4)), 250, CHANNELS, start_utc=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.filterwarnings("ignore")
def test_mne_gets_volts_and_what_was_lost() -> None:
    values = np.arange(40.0).reshape(10, 4)
    values[4:6] = np.nan
    raw = library.to_mne(library.recording_of(values, 250, [*CHANNELS[:3], "trigger"]))
    assert raw.get_channel_types() == ["emg", "emg", "emg", "misc"]
    np.testing.assert_allclose(raw.get_data()[:, 9] * 1e6, values[9], atol=0.012)
    (lost,) = raw.annotations
    assert (lost["description"], lost["onset"], lost["duration"]) == ("BAD_lost", 0.016, 0.008)


@pytest.mark.parametrize(
    ("package", "name", "extra"), [("mne", "to_mne", "interop"), ("pandas", "to_pandas", "interop")]
)
def test_a_missing_package_is_told_with_the_line_that_adds_it(
    package: str, name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    recording = library.recording_of(np.zeros((9, 4)), 250, CHANNELS)
    with pytest.raises(RequestError, match=rf"pip install 'hfs-emg\[{extra}\]'"):
        getattr(library, name)(recording)
