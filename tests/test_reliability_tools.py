"""Slices of the long trials of reliability: recorders killed at random. (Torn and flipped folders: tests/session/test_damage.py.)"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from benchmark_command import benchmark_command

from benchmarks.reliability import material, results
from hfs_emg.session.reader import open_session

ROOT = Path(__file__).parents[1]


def killed(out: Path, trials: int, *options: str) -> tuple[list[dict[str, object]], str]:
    """In a process of its own, which may fork because it has one thread."""
    command = benchmark_command("benchmarks.reliability.kills", "--trials", str(trials), "--out", str(out), *options)
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [json.loads(line) for line in out.read_text().splitlines()], said


def test_recorders_killed_at_random_lose_nothing_that_they_acknowledged(tmp_path: Path) -> None:
    found, said = killed(tmp_path / "kills.jsonl", 25, "--first", "100000")
    assert [r["seed"] for r in found] == list(range(100_000, 100_025))
    assert all(r["lost_s"] == 0.0 for r in found), [r for r in found if r["lost_s"]]
    assert [r for r in found if not r["ok"]] == []
    assert max(r["acknowledged_s"] for r in found) > 0  # type: ignore[type-var]
    assert said.startswith("25 trials, at most 0.000 s lost of what was acknowledged, wrong: none")


def test_the_whole_command_killed_at_random_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    (result,), _ = killed(tmp_path / "kills.jsonl", 1, "--kind", "command", "--first", "3")
    assert result["ok"], result


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    tried: list[int] = []

    def trial(seed: int) -> results.Result:
        tried.append(seed)
        return {"what": "x", "seed": seed, "ok": seed != 4, "lost_s": seed / 10}

    assert [r["seed"] for r in results.run(path, range(3), trial)] == [0, 1, 2]
    with path.open("a") as file:
        file.write('{"what": "x", "se')  # broken off while it was written
    again = results.run(path, range(5), trial)
    assert [r["seed"] for r in again] == [0, 1, 2, 3, 4]
    assert tried == [0, 1, 2, 3, 4]
    assert sorted(results.kept(path)) == [0, 1, 2, 3, 4]
    assert results.summary(again) == "5 trials, at most 0.400 s lost of what was acknowledged, wrong: [4]"


@pytest.mark.parametrize("change", ["value", "unmarked"])
def test_the_comparison_sees_a_sample_that_is_not_what_was_recorded(tmp_path: Path, change: str) -> None:
    recorder = material.recorder_in(tmp_path / "s")
    for block in material.blocks(1, 1000):
        if change == "value" and block.start <= 500 < block.end:
            block.counts[500 - block.start, 3] += 1
        if change == "unmarked":
            block.lost[:] = False
        recorder.write(block)
    recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    found = material.Comparison(open_session(tmp_path / "s"), 1)
    if change == "value":
        assert (found.wrong, int((~found.right).sum())) == (1, 1)
    else:
        assert found.unmarked == int((~found.right).sum()) == int(material.lost(0, 1000, 1).sum())
