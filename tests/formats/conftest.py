"""Real recordings, unpacked, and what every test of an importer needs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
GUI_V4 = "openbci_gui/OpenBCI-sampleData-1-blinks-jawClench-alpha.txt"
GUI_V5 = "openbci_gui/OpenBCI_GUI-v5-blinks-jawClench-alpha.txt"
GUI_V6 = "openbci_gui/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"
GANGLION = "ganglion_forearm/OpenBCI-RAW-S02_S1R0.txt"
GANGLION_REST = "ganglion_forearm/OpenBCI-RAW-S02_S1REST.txt"


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The real recordings by their name below tests/data."""
    folder = tmp_path_factory.mktemp("real")
    files = {}
    for name in (GUI_V4, GUI_V5, GUI_V6, GANGLION, GANGLION_REST):
        files[name] = folder / Path(name).name
        files[name].write_bytes(gzip.decompress((DATA / f"{name}.gz").read_bytes()))
    return files
