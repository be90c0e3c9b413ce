"""A store that holds people: what the tests of care start from."""

import pytest

from hfs_emg.sharing import disguise

BOARD = "sim:moderate-right?speed=virtual&seed=2"


@pytest.fixture
def two_subjects(tmp_path, hfs):
    """Two sessions of S1, one of S2, a calibration profile, a catalogue, a secret."""
    store = tmp_path / "store"
    for subject in ("S1", "S1", "S2"):
        assert hfs("record", "--board", BOARD, "--subject", subject, "--duration", 5, "--store", store).status == 0
    profile = store / "S1" / "calibration-20261120T100000Z.json"
    profile.touch(mode=0o600)
    profile.write_text("{}")
    disguise(store, "S1")
    assert hfs("sessions", "--store", store).status == 0
    return store


def everything(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
