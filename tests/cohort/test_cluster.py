"""A real Dask scheduler and two workers, processes of their own, over TLS; one is killed half-way."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import needs
import pyarrow.parquet
import pytest
from waiting import LIMIT_S, until

from hfs_emg.cli import main
from hfs_emg.cohort.tables import TABLES

SESSIONS = 24


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An authority, and a certificate of its own with its key."""
    program = needs.program("openssl")
    authority, key, request, certificate = (tmp_path / n for n in ("ca.pem", "key.pem", "request.pem", "cert.pem"))

    def openssl(*arguments: object) -> None:
        subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)

    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *ec, "-keyout", tmp_path / "ca.key", "-out", authority, "-subj", "/CN=tests", "-days", 2)
    openssl("req", *ec, "-keyout", key, "-out", request, "-subj", "/CN=cohort")
    signed = ("-CA", authority, "-CAkey", tmp_path / "ca.key", "-CAcreateserial", "-days", 2)
    openssl("x509", "-req", "-in", request, *signed, "-out", certificate)
    return authority, certificate, key


@contextlib.contextmanager
def cluster(certificates, folder):
    """(address, workers) of a scheduler on the loopback with two workers of one thread."""
    authority, certificate, key = certificates
    tls = ["--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key]
    told = folder / "scheduler.json"
    started = []

    def start(name, *arguments):
        module = f"distributed.cli.dask_{name}"
        log = (folder / f"{name}{len(started)}.log").open("wb")
        command = [sys.executable, "-m", module, *map(str, (*arguments, *tls))]
        started.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder))
        log.close()
        return started[-1]

    try:
        start(
            "scheduler",
            "--host",
            "tls://127.0.0.1",
            "--port",
            0,
            "--no-dashboard",
            "--no-show",
            "--scheduler-file",
            told,
        )
        until(told.exists)
        until(lambda: told.read_text().endswith("}"))
        address = json.loads(told.read_text())["address"]
        own = (
            "--nthreads",
            1,
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "tls://127.0.0.1",
            "--local-directory",
            folder,
        )
        yield address, [start("worker", address, *own) for _ in range(2)]
    finally:
        for child in reversed(started):
            child.kill()
            child.wait(30)


def parts_in(out):
    return list((out / "parts").glob("*.zz")) if (out / "parts").is_dir() else []


def test_a_killed_worker_costs_nothing_and_nothing_is_there_twice(recorded, certificates, tmp_path):
    source = min(p.parent for p in recorded.rglob("start.json"))
    archive = tmp_path / "archive"
    names = [f"20260301T0506{n:02d}Z-00{n:02d}" for n in range(SESSIONS)]
    for name in names:
        shutil.copytree(source, archive / "P7" / name)
    out = tmp_path / "out"
    authority, certificate, key = certificates
    tls = ["--tls-ca", str(authority), "--tls-cert", str(certificate), "--tls-key", str(key)]
    with cluster(certificates, tmp_path) as (address, workers):
        assert address.startswith("tls://127.0.0.1:")
        order = ["cohort", str(archive), "--out", str(out), "--scheduler", address, *tls]
        with subprocess.Popen([sys.executable, "-m", "hfs_emg", *order], stderr=subprocess.PIPE, text=True) as command:
            try:
                until(lambda: len(parts_in(out)) >= 3 or command.poll() is not None)
                workers[0].kill()
                done = len(parts_in(out))
                _, said = command.communicate(timeout=LIMIT_S)
            finally:
                command.kill()
    assert command.returncode == 0, said
    assert done < SESSIONS, "the worker was killed too late to matter"
    for table, per_session in (("provenance", 1), ("burden", 2), ("quality", 8)):
        found = [r["session"] for r in pyarrow.parquet.read_table(out / f"{table}.parquet").to_pylist()]
        assert found == [n for n in names for _ in range(per_session)], table
    episodes = [(r["session"], r["episode"]) for r in pyarrow.parquet.read_table(out / "episodes.parquet").to_pylist()]
    assert len(set(episodes)) == len(episodes) > SESSIONS
    assert len(parts_in(out)) == SESSIONS
    stamps = {p.name: p.stat().st_mtime_ns for p in parts_in(out)}
    assert main(["cohort", str(archive), "--out", str(out), "--workers", "2"]) == 0
    assert {p.name: p.stat().st_mtime_ns for p in parts_in(out)} == stamps, "a second run had nothing to do"
    assert {p.name for p in out.glob("*.parquet")} == {f"{t.name}.parquet" for t in TABLES}


def test_a_scheduler_that_does_not_answer_is_told(recorded, certificates, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("hfs_emg.cohort.crews.ANSWER_S", 2)
    authority, certificate, key = certificates
    tls = ["--tls-ca", str(authority), "--tls-cert", str(certificate), "--tls-key", str(key)]
    order = ["cohort", str(recorded), "--out", str(tmp_path / "out"), "--scheduler", "tls://127.0.0.1:9", *tls]
    assert main(order) == 2
    assert "does not answer" in capfd.readouterr().err
