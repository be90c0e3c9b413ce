"""An archive of five sessions: two that were recorded, and copies of them under ids of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hfs_emg.cli import main

NAMES = tuple(f"20260{month}04T050607Z-000{month}" for month in range(1, 6))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("recorded")
    for seed in (7, 8):
        url = f"sim:moderate-left?seed={seed}&speed=virtual"
        assert main(["record", "--board", url, "--subject", f"P{seed}", "--duration", "30", "--store", str(store)]) == 0
    return store


@pytest.fixture
def archive(recorded: Path, tmp_path: Path) -> Path:
    folders = sorted(p.parent for p in recorded.rglob("start.json"))
    for number, name in enumerate(NAMES):
        source = folders[number % 2]
        shutil.copytree(source, tmp_path / "archive" / f"pi{number % 2}" / source.parent.name / name)
    return tmp_path / "archive"
