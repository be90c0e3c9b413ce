"""Makes the session that is kept of a release, VERSION.tar.xz here: python tests/data/golden/make.py

A simulated patient, so that it is nobody's; the archive of the release itself, compressed. What is kept is never made anew for an old
release: it is what that release wrote.
"""

import lzma
import tempfile
from pathlib import Path

from hfs_emg import __version__
from hfs_emg.cli import main

BOARD = "sim:moderate-right?seed=7&speed=virtual"

with tempfile.TemporaryDirectory() as folder:
    store, archive = f"{folder}/store", f"{folder}/golden.tar"
    main(["record", "--board", BOARD, "--subject", "GOLDEN1", "--duration", "20", "--store", store])
    main(["export", *map(str, Path(store).glob("GOLDEN1/2*")), "--to", "archive", archive, "--store", store])
    Path(__file__).with_name(f"{__version__}.tar.xz").write_bytes(lzma.compress(Path(archive).read_bytes(), preset=9))
