"""The line that a recording shows while it runs, and a long analysis its progress."""

import io
import sys

from calibration.montage import Side
from hfs_emg.cli.terminal import LiveLine, Progress, clock
from hfs_emg.cli.watching import LiveStatus, status_text
from hfs_emg.errors import DiskError
from hfs_emg.events import InProgress, Kind
from hfs_emg.monitor import Status


class Terminal(io.StringIO):
    def isatty(self):
        return True


def status(elapsed_s=75.0, **changes):
    values = {
        "elapsed_s": elapsed_s,
        "valid_share": 0.984,
        "lost_samples": 12,
        "spasms": {Side.LEFT: 0, Side.RIGHT: 3},
        "link": "ok",
        "disk_behind_s": 1.0,
        "analysis_behind_s": 0.1,
        "in_progress": (),
        "problem": None,
    }
    return Status(**(values | changes))


def test_the_live_line_tells_time_validity_losses_spasms_and_link():
    assert status_text(status()) == "1:15  valid 98 %  lost 12  spasms left 0 right 3  link ok"
    running = (InProgress(74.0, Kind.SPASM, "right"), InProgress(74.5, Kind.BLINK, "both"))
    assert status_text(status(in_progress=running)).endswith("  right spasm?")
    assert status_text(status(disk_behind_s=9.0)).endswith("  disk 9 s behind")
    behind = status(disk_behind_s=70.0, disk_lost_samples=2500)
    assert status_text(behind).endswith("  disk 70 s behind  2500 samples not kept by the disk")
    assert status_text(status(analysis_behind_s=30.0)).endswith("  analysis 30 s behind")


def test_on_a_terminal_the_line_is_written_over():
    out = Terminal()
    line = LiveLine(out)
    for text in ("a long line", "short"):
        line.show(text)
    line.say("a line that stays")
    line.show("next")
    line.end()
    assert out.getvalue() == "\ra long line\rshort      \na line that stays\n\rnext\n"


def test_without_a_terminal_there_is_one_line_each_10_s():
    out, now = io.StringIO(), [100.0]
    line = LiveLine(out, now_s=lambda: now[0])
    for second in range(31):
        now[0] = 100.0 + second
        line.show(str(second))
    line.end()
    assert out.getvalue() == "0\n10\n20\n30\n"


def test_a_problem_is_told_once_and_at_once():
    out = io.StringIO()
    shown = LiveStatus(LiveLine(out))
    full = DiskError("The disk is full.")
    for second in range(5):
        shown.show(status(second, problem=full))
    shown.end()
    assert out.getvalue().splitlines()[0] == "hfs-emg: The disk is full."
    assert out.getvalue().count("The disk is full.") == 1


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    for out, shown in ((Terminal(), "\ranalysing: 50 %\n"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", out)
        progress = Progress("analysing")
        progress(0.501)
        progress(0.502)
        progress.end()
        assert out.getvalue() == shown


def test_times_are_written_as_on_a_clock():
    assert [clock(s) for s in (0, 59.9, 61, 3661)] == ["0:00", "0:59", "1:01", "1:01:01"]
