"""A session of each release opens, is whole and goes out in this version; that of this version is found alike on every machine."""

from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest
from golden import GOLDEN, RELEASES, envelopes_of, session_of

from hfs_emg import __version__
from hfs_emg.cli import main
from hfs_emg.events import Kind
from hfs_emg.session.reader import open_session
from hfs_emg.verification import ENVELOPE_TOLERANCE, verify


@pytest.fixture(params=RELEASES)
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Its folder, taken into a store of this version."""
    return session_of(request.param, tmp_path)


def test_this_release_has_one() -> None:
    assert __version__ in RELEASES


def test_it_opens_with_all_that_it_holds(session: Path) -> None:
    opened = open_session(session)
    assert opened.simulated
    assert opened.stop is not None
    assert opened.samples == opened.stop.samples == 5000
    assert opened.notes == ()
    assert len(opened.episodes()) > 2
    assert all(e.kind in set(Kind) for e in opened.episodes())
    assert opened.utc_of(0) is not None
    counts = np.concatenate([b.counts for b in opened.blocks()])
    assert counts.shape == (5000, 8)
    assert counts.std(axis=0).min() > 1


def test_every_byte_is_as_it_was_written(session: Path) -> None:
    assert open_session(session).damaged_records() == ()


def test_it_is_analysed_and_goes_out(session: Path, tmp_path: Path) -> None:
    assert main(["analyze", str(session), "--anew", "--json", str(tmp_path / "a.json")]) == 0
    store = ["--store", str(tmp_path / "store")]
    for name in ("bdf", "bids", "fhir"):
        assert main(["export", str(session), "--to", name, str(tmp_path / name), *store]) == 0


def test_on_every_machine_the_same_is_found(tmp_path: Path) -> None:
    """Recorded on x86-64. After a change of the analysis: python tests/golden.py, as long as this version is not released."""
    verdict = verify(session_of(__version__, tmp_path))
    assert (verdict.verdict, verdict.difference) in [("identical", None), ("equivalent", None)]
    assert verdict.episodes > 2


def test_on_every_machine_the_envelopes_are_the_same_within_a_billionth(tmp_path: Path) -> None:
    kept = np.load(GOLDEN / f"{__version__}.npy")
    assert kept.shape == (5000 // 12, 8)
    assert kept.min() > 0
    np.testing.assert_allclose(envelopes_of(session_of(__version__, tmp_path)), kept, rtol=ENVELOPE_TOLERANCE)


@pytest.mark.parametrize("release", RELEASES)
def test_it_is_small_and_of_nobody(release: str) -> None:
    content = (GOLDEN / f"{release}.tar.xz").read_bytes()
    assert len(content) < 500_000  # of which the model that the session was made with is 417 kB
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(content))) as tar:
        assert any(m.name.endswith("/start.json") for m in tar.getmembers())
