"""`hfs-emg cohort`: every session once, whatever happens on the way."""

from __future__ import annotations

import itertools
import json
import shutil
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet
import pytest

from calibration.montage import Montage
from hfs_emg.analysis.document import Analysis, analyse
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.cli import main
from hfs_emg.cohort.crews import check_address
from hfs_emg.cohort.documents import Failure, decode_part, plan_of
from hfs_emg.cohort.folder import CohortFolder
from hfs_emg.cohort.running import Run
from hfs_emg.cohort.tables import TABLES
from hfs_emg.cohort.unit import analyse_unit
from hfs_emg.cohort.units import units_in
from hfs_emg.errors import RequestError
from hfs_emg.session.reader import open_session

from .conftest import NAMES

PLAN = plan_of(AnalysisSettings())


class AtOnce:
    """A crew of this process; with sessions that end the worker."""

    def __init__(self, deadly=(), calls=None):
        self._deadly, self._calls, self._broken = deadly, calls if calls is not None else [], False

    def submit(self, unit, plan):
        if self._broken:
            raise BrokenExecutor
        self._calls.append(unit.session)
        future = Future()
        if unit.session in self._deadly:
            self._broken = True
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(analyse_unit(unit, plan))
        return future

    def width(self):
        return 3


def crew(deadly=(), calls=None):
    @contextmanager
    def opened():
        yield AtOnce(deadly, calls)

    return opened


def run(archive, out, *, deadly=(), calls=None, limit=None):
    """Analyse what is missing, at most `limit` sessions; the failures."""
    folder = CohortFolder(out, PLAN)
    try:
        missing = folder.missing(units_in(archive, PLAN).units)[:limit]
        return Run(missing, PLAN, folder, lambda _: None).through(crew(deadly, calls))
    finally:
        folder.close()


@pytest.fixture
def here(monkeypatch):
    """The command's workers are this process: starting others takes its time."""
    monkeypatch.setattr("hfs_emg.cohort.crews.processes", lambda _: crew()())


def rows(out, table):
    return pyarrow.parquet.read_table(out / f"{table}.parquet").to_pylist()


def tables_of(archive, out, *options):
    status = main(["cohort", str(archive), "--out", str(out), "--workers", "1", *options])
    return status, {t.name: rows(out, t.name) for t in TABLES}


def test_the_tables_hold_every_session_once_and_what_analyze_finds(archive, tmp_path, capfd):
    status, tables = tables_of(archive, tmp_path / "out")
    assert status == 0
    assert [r["session"] for r in tables["provenance"]] == list(NAMES)
    assert [(r["session"], r["side"]) for r in tables["burden"]] == [(n, s) for n in NAMES for s in ("left", "right")]
    capfd.readouterr()
    folder = next(p for p in archive.rglob(NAMES[0]))
    assert main(["analyze", str(folder), "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    mine = [r for r in tables["episodes"] if r["session"] == NAMES[0]]
    assert [(r["start_s"], r["end_s"], r["kind"], r["confidence"]) for r in mine] == [
        (e["start_s"], e["end_s"], e["kind"], e["confidence"]) for e in found["episodes"]
    ]
    left = next(r for r in tables["burden"] if r["session"] == NAMES[0] and r["side"] == "left")
    assert left["spasms"] == found["summary"]["left"]["spasms"] > 0
    quality = [r for r in tables["quality"] if r["session"] == NAMES[0]]
    assert len(quality) == 8
    assert all(0 < r["valid_s"] < r["duration_s"] == 30 for r in quality)
    assert oct((tmp_path / "out" / "episodes.parquet").stat().st_mode)[-3:] == "600"


def test_a_session_in_pieces_gives_the_part_of_the_whole(archive):
    unit = units_in(archive, PLAN).units[0]
    part = decode_part(analyse_unit(unit, PLAN))
    session = open_session(Path(unit.path))
    for piece in (1, 977, 1_000_000):

        class InPieces:
            name, signal, samples, simulated = session.name, session.signal, session.samples, session.simulated

            def blocks(self, _=0, piece=piece):
                if piece == 1:  # pieces of all sizes
                    whole = next(session.blocks(1_000_000))
                    edges = [0, 1, 3, 250, 251, 4000, session.samples]
                    for a, b in itertools.pairwise(edges):
                        yield replace(
                            whole, start=a, counts=whole.counts[a:b], lost=whole.lost[a:b], aux=whole.aux[a:b]
                        )
                    return
                yield from session.blocks(piece)

        assert isinstance(session.montage, Montage)
        again, _ = analyse(InPieces(), session.montage, PLAN.settings)
        assert msgspec.json.decode(msgspec.json.encode(again), type=Analysis) == part.analysis


def test_what_is_done_is_not_done_again(archive, tmp_path):
    calls: list[str] = []
    run(archive, tmp_path / "out", calls=calls, limit=2)
    assert calls == list(NAMES[:2])
    run(archive, tmp_path / "out", calls=calls)
    assert calls == list(NAMES)
    assert run(archive, tmp_path / "out", calls=calls) == []
    assert calls == list(NAMES)


def test_a_session_that_cannot_be_read_is_listed_and_the_others_are_there(archive, tmp_path, capfd, here):
    folder = next(p for p in archive.rglob(NAMES[1]))
    (folder / "signal.bdf").write_bytes(b"\xffBIOSEMI" + b"7" * 400)
    status, tables = tables_of(archive, tmp_path / "out")
    assert status == 4
    assert [r["session"] for r in tables["provenance"]] == [n for n in NAMES if n != NAMES[1]]
    (failure,) = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert failure["session"] == NAMES[1]
    assert NAMES[1] in capfd.readouterr().err
    shutil.rmtree(folder)
    status, tables = tables_of(archive, tmp_path / "out")
    assert status == 0
    assert json.loads((tmp_path / "out" / "failures.json").read_text()) == []


def test_a_session_that_ends_its_worker_is_found_out_and_costs_no_other(archive, tmp_path):
    failures = run(archive, tmp_path / "out", deadly=(NAMES[2],))
    assert [f.session for f in failures] == [NAMES[2]]
    assert "memory" in failures[0].problem
    folder = CohortFolder(tmp_path / "out", PLAN)
    assert [u.session for u in folder.missing(units_in(archive, PLAN).units)] == [NAMES[2]]
    folder.close()


def test_a_session_that_has_grown_is_done_again_and_one_that_is_gone_leaves_the_tables(archive, tmp_path, here):
    tables_of(archive, tmp_path / "out")
    stop = next(p for p in archive.rglob(NAMES[0])) / "stop.json"
    stop.write_text(stop.read_text().replace("\n}", "\n }"))
    shutil.rmtree(next(p for p in archive.rglob(NAMES[4])))
    calls: list[str] = []
    run(archive, tmp_path / "out", calls=calls)
    assert calls == [NAMES[0]]
    _, tables = tables_of(archive, tmp_path / "out")
    assert [r["session"] for r in tables["provenance"]] == list(NAMES[:4])
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 4


def test_a_copy_is_analysed_once_and_another_session_of_the_same_id_is_refused(archive, tmp_path):
    source = next(p for p in archive.rglob(NAMES[0]))
    shutil.copytree(source, archive / "backup" / NAMES[0])
    found = units_in(archive, PLAN)
    assert len(found.units) == 5
    assert len(found.copies) == 1
    stop = archive / "backup" / NAMES[0] / "stop.json"
    stop.write_text(stop.read_text() + " ")
    (failure,) = units_in(archive, PLAN).failures
    assert "same id" in failure.problem


def test_a_damaged_part_is_told_and_made_again(archive, tmp_path, here):
    tables_of(archive, tmp_path / "out")
    part = min((tmp_path / "out" / "parts").iterdir())
    part.write_bytes(part.read_bytes()[:50])
    status, tables = tables_of(archive, tmp_path / "out")
    assert (status, len(tables["provenance"])) == (4, 4)
    status, tables = tables_of(archive, tmp_path / "out")
    assert (status, len(tables["provenance"])) == (0, 5)


def test_one_folder_holds_tables_of_one_analysis(archive, tmp_path):
    run(archive, tmp_path / "out", limit=1)
    with pytest.raises(RequestError, match="other settings"):
        CohortFolder(tmp_path / "out", plan_of(AnalysisSettings(on_factor=3)))
    held = CohortFolder(tmp_path / "out", PLAN)
    with pytest.raises(RequestError, match="Another run"):
        CohortFolder(tmp_path / "out", PLAN)
    held.close()
    with pytest.raises(RequestError, match="other files"):
        CohortFolder(archive, PLAN)


def test_a_worker_of_another_version_or_without_the_archive_says_so(archive, tmp_path):
    unit = units_in(archive, PLAN).units[0]
    other = analyse_unit(unit, msgspec.structs.replace(PLAN, model_sha256="0" * 64))
    assert isinstance(other, Failure)
    assert "same version everywhere" in other.problem
    gone = analyse_unit(replace(unit, path=str(tmp_path / "elsewhere")), PLAN)
    assert isinstance(gone, Failure)
    assert "mount the archive" in gone.problem


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://10.0.0.5:8786", "in the clear"),
        ("tcp://scheduler.example:8786", "in the clear"),
        ("ucx://127.0.0.1:8786", "tls://"),
        ("tls://127.0.0.1", "is no scheduler"),
        ("tls://127.0.0.1:port", "is no scheduler"),
        ("127.0.0.1:8786", "is no scheduler"),
    ],
)
def test_a_scheduler_that_is_not_to_be_trusted_is_refused(address, words):
    with pytest.raises(RequestError, match=words):
        check_address(address, insecure=False)


def test_tls_everywhere_and_tcp_on_loopback_or_on_demand_are_taken():
    for address in ("tls://10.0.0.5:8786", "tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786"):
        check_address(address, insecure=False)
    check_address("tcp://10.0.0.5:8786", insecure=True)


def test_an_archive_without_sessions_is_refused(tmp_path, capfd):
    assert main(["cohort", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "holds no session" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
