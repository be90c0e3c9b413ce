"""What is worked out of a session's signal in the background: told as it goes, kept while the files are what they were."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rooms import Inside
from waiting import LIMIT_S

from hfs_emg.events import Invalid
from hfs_emg.report.looking import HEAD
from hfs_emg.report.signal_look import SignalLook, packed, unpacked
from hfs_emg.web.application import Web
from hfs_emg.web.drafts import Drafts
from hfs_emg.web.looks import Looks

LOOK = SignalLook((Invalid(1.0, 2.0, None, "gap"),), np.arange(8, dtype=np.float16).reshape(2, 4), 0.02)


def told(*messages: tuple[bytes, bytes], then: str = "") -> Callable[[Path], subprocess.Popen[bytes]]:
    """A process that says this, and then does something else."""
    said = b"".join(HEAD.pack(kind, len(content)) + content for kind, content in messages)
    program = f"import sys, time; sys.stdout.buffer.write({said!r}); sys.stdout.flush(); {then}"
    return lambda _folder: subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)


def test_a_look_comes_back_as_it_was() -> None:
    again = unpacked(packed(LOOK))
    assert again.invalid == LOOK.invalid
    np.testing.assert_array_equal(again.levels, LOOK.levels)
    assert (again.hop_s, again.rest(1)) == (0.02, LOOK.rest(1))


def test_stretches_are_measured_as_each_by_itself() -> None:
    rng = np.random.default_rng(1)
    look = SignalLook((), rng.uniform(0, 9, (1, 500)).astype(np.float16), 0.02)
    spans = [(0.0, 0.1), (0.05, 0.3), (9.0, 12.0), (9.99, 10.0), (10.0, 11.0), (2.0, 2.0)]
    levels = look.levels[0].astype(np.float64)
    hops = [(0, 5), (2, 15), (450, 500), (499, 500), (100, 101)]
    expected = [np.sqrt(np.mean(levels[a:b] ** 2)) for a, b in hops]
    np.testing.assert_allclose(look.each(0, spans), expected)
    assert look.each(0, []).size == 0


def test_how_far_it_is_is_told_until_it_is_there(tmp_path: Path) -> None:
    looks = Looks(told((b"p", b"0.250"), (b"r", packed(LOOK))))
    found = looks.of(tmp_path, wait_s=LIMIT_S)
    assert found.look is not None
    assert looks.of(tmp_path) is found, "a second question costs no second look"
    (tmp_path / "signal.bdf").write_bytes(b"more")
    assert looks.of(tmp_path) is not found, "another signal is looked at anew"
    looks.close()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (told((b"e", b"It has no montage: name one.")), "It has no montage"),
        (told((b"p", b"0.5")), "could not be looked through"),
        (told((b"r", b"nonsense")), "could not be looked through"),
        (told(then="sys.exit(3)"), "could not be looked through"),
    ],
)
def test_a_look_that_fails_is_told_and_tried_again_when_asked(
    tmp_path: Path, start: Callable[[Path], subprocess.Popen[bytes]], words: str
) -> None:
    looks = Looks(start)
    found = looks.of(tmp_path, wait_s=LIMIT_S)
    assert words in found.problem
    assert looks.of(tmp_path) is not found
    looks.close()


def test_the_end_of_the_server_is_the_end_of_the_look(tmp_path: Path) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def start(folder: Path) -> subprocess.Popen[bytes]:
        processes.append(told((b"p", b"0.1"), then="time.sleep(600)")(folder))
        return processes[-1]

    looks = Looks(start)
    found = looks.of(tmp_path)
    while not found.share:
        found.over.wait(0.01)
    looks.close()
    assert processes[0].wait(LIMIT_S) != 0


def test_a_document_is_drawn_once_for_what_it_is_made_of() -> None:
    drafts, drawn = Drafts(), []

    def draw() -> bytes:
        drawn.append(1)
        if len(drawn) == 1:
            raise ValueError("the first one fails")
        return b"page"

    with pytest.raises(ValueError, match="first"):
        drafts.of("report", 1, draw, None)
    assert [drafts.of("report", 1, draw, None) for _ in range(3)] == [b"page"] * 3
    assert drafts.of("report", 2, draw, None) == b"page"
    assert len(drawn) == 3
    drafts.close()


def test_a_report_that_takes_long_is_answered_at_once_with_a_page_that_waits(
    web: Web, inside: Inside, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("hfs_emg.web.report_pages.SOON_S", 0.0)
    base = f"/sessions/S01/{told}"
    waiting = inside.get(f"{base}/report")
    assert waiting.status_code == 202
    assert "The report is being made" in waiting.text
    assert web.looks.of(web.store.root / "S01" / told, wait_s=LIMIT_S).look is not None
    while not inside.get(f"{base}/report/share").json()["ready"]:
        pass
    assert "SIMULATED" in inside.get(f"{base}/report").text
    opened = inside.get(f"{base}/review/invalid").json()
    assert opened["invalid"]
