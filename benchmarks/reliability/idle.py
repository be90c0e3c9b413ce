"""What a link costs on which nothing comes: `python -m benchmarks.reliability.idle`.

`hfs-emg record` on a pseudo-terminal, in a process of its own that does nothing else. It records for some seconds, then the dongle is
pulled out and stays away, or the board falls silent behind its dongle. From half a minute later on, when the analysis has caught up, the
system's books tell for a minute what the process used (/proc/PID/task/*/schedstat, nanoseconds of processor and wake-ups of every thread).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reliability.kills import Sent
from benchmarks.reliability.results import Result, run
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.pty_server import PtyServer

WATCHED_S = 60.0
SETTLED_S = 30.0
RECORDED_BYTES = 30_000
"""Some seconds of signal: by then the analysis has been loaded."""
BOUND_SHARE = 0.005
CAUGHT_UP_SHARE = 0.05
KINDS = ("dongle gone", "board silent")


def used(pid: int) -> tuple[float, int]:
    """Seconds of processor and number of wake-ups of all threads of a process."""
    seconds, wakeups = 0.0, 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        ran_ns, _, times = (task / "schedstat").read_text().split()
        seconds += int(ran_ns) / 1e9
        wakeups += int(times)
    return seconds, wakeups


def idle_link(seed: int, watched_s: float = WATCHED_S, settled_s: float = SETTLED_S) -> Result:
    """One kind of silence, by its number in KINDS."""
    kind = KINDS[seed]
    with tempfile.TemporaryDirectory() as room, PtyServer(CytonEmulator(Sent())) as board:
        command = [sys.executable, "-m", "hfs_emg", "record", "--board", f"serial://{board.path}", "--subject", "P014"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen([*command, "--store", room], stdin=quiet, stdout=quiet, stderr=quiet) as recording:
            try:
                _await_signal(Path(room), recording)
                if kind == "dongle gone":
                    board.unplug()
                else:
                    board.inject("poweroff")
                time.sleep(settled_s)
                _await_quiet(recording.pid)
                (before_s, before), begun_s = used(recording.pid), time.monotonic()
                time.sleep(watched_s)
                (after_s, after), passed_s = used(recording.pid), time.monotonic() - begun_s
            finally:
                recording.terminate()
        ended = recording.returncode
    share = (after_s - before_s) / passed_s
    return {
        "what": kind,
        "seed": seed,
        "ok": share < BOUND_SHARE and ended == 0,
        "cpu_share": round(share, 6),
        "wakeups_per_s": round((after - before) / passed_s, 2),
        "watched_s": round(passed_s, 1),
    }


def _await_quiet(pid: int) -> None:
    """Until the analysis has caught up with what was recorded, for which a busy computer takes its time."""
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        (before_s, _), begun_s = used(pid), time.monotonic()
        time.sleep(2.0)
        if used(pid)[0] - before_s < CAUGHT_UP_SHARE * (time.monotonic() - begun_s):
            return


def _await_signal(store: Path, recording: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + 120
    while not any(path.stat().st_size > RECORDED_BYTES for path in store.glob("P014/*/signal.bdf")):
        if recording.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError("`hfs-emg record` did not begin to record")
        time.sleep(0.1)


def main() -> int:
    """Both kinds, and what they cost."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.reliability.idle", description=__doc__)
    options.add_argument("--out", type=Path, help="JSON lines; what is there is not run again")
    given = options.parse_args()
    results = run(given.out, range(len(KINDS)), idle_link)
    for r in results:
        print(
            f"{r['what']}: {100 * r['cpu_share']:.3f} % of a core over {r['watched_s']:.0f} s, {r['wakeups_per_s']:.1f} wake-ups a second, "
            f"{'right' if r['ok'] else 'WRONG'}"
        )
    return 0 if all(r["ok"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
