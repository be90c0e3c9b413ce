"""What docs/whole-way.md says a stranger should give is given, in its order, in an empty folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, command_lines

from hfs_emg.cli import main

PAGE = ROOT / "docs" / "whole-way.md"


def test_a_stranger_gets_from_a_recording_to_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HFS_EMG_STORE", "practice")
    lines = command_lines(PAGE)
    assert [line[0] for line in lines] == [
        "record", "sessions", "show", "review", "report", "report", "treatment", "record", "trend", "export", "export", "export", "cohort",
    ]  # fmt: skip
    for arguments in lines:
        monkeypatch.setattr("sys.stdin", io.StringIO("c" * 100))
        assert main(arguments) == 0, (arguments, capsys.readouterr().err)
    assert {p.name.partition("-")[0] for p in tmp_path.iterdir()} == {
        "practice", "report", "trend.html", "study", "report.json", "S01.tar", "tables",
    }  # fmt: skip
    status = {e["resource"].get("status") for e in json.loads(Path("report.json").read_text())["entry"]}
    assert {"final", "preliminary"} <= status  # the first session is reviewed, the second is not
    capsys.readouterr()
    (code,) = blocks(PAGE.read_text(), "python")
    exec(compile(code, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("right") == printed.count("left") == 2
