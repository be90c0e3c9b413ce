"""The session that is kept of each release, tests/data/golden/VERSION.tar.xz, and its envelopes beside it, VERSION.npy.

`python tests/golden.py` makes those of this version, and again as long as it is not released and the analysis changes. A simulated
patient, so that it is nobody's; the archive of the release itself, compressed. What is kept of a release stays as that release wrote it.
"""

from __future__ import annotations

import lzma
import tempfile
from pathlib import Path

import numpy as np

from calibration.envelope import EnvelopeLog
from hfs_emg import __version__
from hfs_emg.cli import main
from hfs_emg.envelopes import EnvelopeStream
from hfs_emg.session.reader import open_session

GOLDEN = Path(__file__).parent / "data" / "golden"
RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in GOLDEN.glob("*.tar.xz"))
BOARD = "sim:moderate-right?seed=7&speed=virtual"


def session_of(release: str, folder: Path) -> Path:
    """Its folder, taken into a store of this version below a folder."""
    archive = folder / "golden.tar"
    archive.write_bytes(lzma.decompress((GOLDEN / f"{release}.tar.xz").read_bytes()))
    assert main(["import", str(archive), "--store", str(folder / "store")]) == 0
    (session,) = (folder / "store").glob("GOLDEN1/2*")
    return session


def envelopes_of(session: Path) -> np.ndarray:
    """(steps, channels) µV: the EMG band with its hum taken out, RMS of 48 ms."""
    opened = open_session(session)
    stream, log = EnvelopeStream(opened.signal, opened.montage), EnvelopeLog()
    for block in opened.blocks():
        steps = stream.push(block)
        if steps is not None:
            log.append(steps)
    return np.sqrt(log.whole.power)


def make() -> None:
    """This version's."""
    with tempfile.TemporaryDirectory() as folder:
        store, archive = Path(folder) / "store", Path(folder) / "golden.tar"
        options = ["--subject", "GOLDEN1", "--duration", "20", "--store", str(store)]
        assert main(["record", "--board", BOARD, *options]) == 0
        (session,) = store.glob("GOLDEN1/2*")
        assert main(["export", str(session), "--to", "archive", str(archive), "--store", str(store)]) == 0
        (GOLDEN / f"{__version__}.tar.xz").write_bytes(lzma.compress(archive.read_bytes(), preset=9))
        np.save(GOLDEN / f"{__version__}.npy", envelopes_of(session))


if __name__ == "__main__":
    make()
