"""What every exporter must do, whatever it writes."""

from __future__ import annotations

import os
import stat
import tracemalloc
from pathlib import Path

import pytest

from hfs_emg.cli import main
from hfs_emg.cli.exporting import FORMATS
from hfs_emg.errors import RequestError
from hfs_emg.exports import EXPORTERS, Exporter, exporter_named
from hfs_emg.exports.shared import SharedSession, share

from .conftest import TRUE_DATES, record

NAMES = [e.name for e in EXPORTERS]


def files(out: Path) -> dict[str, bytes]:
    """Name and content of everything that an exporter made."""
    if out.is_file():
        return {out.name: out.read_bytes()}
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


@pytest.fixture(params=EXPORTERS, ids=NAMES)
def exporter(request: pytest.FixtureRequest) -> Exporter:
    return request.param


@pytest.fixture
def made(exporter: Exporter, sessions: list[SharedSession], tmp_path: Path) -> dict[str, bytes]:
    exporter.write(sessions, tmp_path / "out")
    return files(tmp_path / "out")


def test_the_command_offers_every_exporter_and_the_archive() -> None:
    assert tuple(FORMATS) == (*NAMES, "archive")


def test_a_format_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(RequestError, match="'floppy' is no format to export to: choose one of bids, edf"):
        exporter_named("floppy")


def test_no_true_date_and_no_true_id_gets_out(made: dict[str, bytes], store: Path) -> None:
    ids = [folder.name for folder in store.glob("P*/*")]
    for name, content in made.items():
        text = name.encode() + content
        for word in (*TRUE_DATES, *ids):
            assert word.encode() not in text, (name, word)


def test_the_same_sessions_give_the_same_bytes(
    exporter: Exporter, sessions: list[SharedSession], made: dict[str, bytes], tmp_path: Path
) -> None:
    exporter.write(sessions, tmp_path / "again")
    again = files(tmp_path / "again")
    assert list(again.values()) == list(made.values())


def test_what_is_simulated_says_so(exporter: Exporter, sessions: list[SharedSession], tmp_path: Path) -> None:
    for session in sessions:
        exporter.write([session], tmp_path / session.id)
        words = b"".join(files(tmp_path / session.id).values()).lower()
        if exporter.name in ("csv", "parquet"):  # a column of the table of sessions
            continue
        assert (b"simulated" in words) == session.simulated


def test_every_subject_and_session_is_there_under_its_shared_name(
    made: dict[str, bytes], sessions: list[SharedSession]
) -> None:
    everything = b"".join(name.encode() + content for name, content in made.items()).replace(b"-", b"")
    for session in sessions:
        assert session.subject.encode() in everything
        assert session.id.replace("-", "").encode() in everything


def test_markers_can_be_left_out(exporter: Exporter, store: Path, tmp_path: Path) -> None:
    folder = sorted(store.glob("P1/*"))[0]
    exporter.write([share(folder, store, with_markers=False)], tmp_path / "out")
    assert not any(b"smile" in content for content in files(tmp_path / "out").values())


def test_the_command_makes_it_whole_and_for_its_owner_only(
    exporter: Exporter, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(folder) for folder in sorted(store.glob("P*/*"))]
    out = tmp_path / "out"
    before = os.umask(0)
    try:
        assert main(["export", *names, "--to", exporter.name, str(out), "--store", str(store)]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(out.stat().st_mode) == (0o700 if out.is_dir() else 0o600)
    said = capsys.readouterr()
    assert f"{out}: {exporter.title}, 3 sessions" in said.out
    assert "Simulated" in said.err
    assert main(["export", *names, "--to", exporter.name, str(out), "--store", str(store)]) == 2
    assert "exists" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_fails_half_way_leaves_nothing(
    exporter: Exporter, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = sorted(store.glob("P*/*"))

    def fail(_session: SharedSession, samples_per_block: int = 15_000) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SharedSession, "blocks", fail)
    monkeypatch.setattr(SharedSession, "utc", fail)
    assert main(["export", *map(str, folders), "--to", exporter.name, str(tmp_path / "o"), "--store", str(store)]) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_is_for_archives(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret").write_text("long enough")
    folder = str(next(store.glob("P1/*")))
    options = ["--to", "csv", str(tmp_path / "o"), "--passphrase-file", str(tmp_path / "secret"), "--store", str(store)]
    assert main(["export", folder, *options]) == 2
    assert "Only archives are encrypted" in capsys.readouterr().err


def test_a_longer_session_needs_no_more_memory(exporter: Exporter, tmp_path: Path) -> None:
    """Beyond what its episodes take. The shorter one already fills the largest block that anything reads."""
    peaks = []
    for day, seconds in ((1, 150), (2, 450)):
        folder = record(tmp_path / "store", "P1", day, seconds=seconds, busy=False)
        session = share(folder, tmp_path / "store")
        tracemalloc.start()
        exporter.write([session], tmp_path / f"{exporter.name}-{seconds}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.25 + 1_000_000
