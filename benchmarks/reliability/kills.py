"""Recorders killed at random: `python -m benchmarks.reliability.kills --trials 950 --out kills.jsonl`.

`process`: a recorder that is fed as fast as the disk takes it is killed after a random while; it tells through a pipe what it calls
synced. `command`: the whole `hfs-emg record` on a pseudo-terminal, in real time; what the header of its file counts just before the
kill is what it acknowledged. Right is: all that was acknowledged comes back as it was, markers and episodes up to there too, and
`recover` makes a session of it that is sound.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reliability import material
from benchmarks.reliability.results import Result, run, summary
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import is_session_folder, open_session
from hfs_emg.session.recovery import recover

LONGEST_S = 0.4
FAR = 3600 * material.RATE
COUNT_AT, COUNT_BYTES = 236, 8
STEP = 8191
"""From a sample to the next; odd, so that 2**24 samples differ."""


def feed(folder: Path, seed: int, pipe: int) -> None:
    """What the process does that will be killed."""
    recorder = material.recorder_in(folder)
    told = 0
    for block in material.blocks(seed, FAR):
        recorder.write(block)
        material.words(recorder, block)
        synced = recorder.synced_samples
        if synced > told:
            told = synced
            os.write(pipe, struct.pack("<q", told))


def kill_process(seed: int) -> Result:
    """One recorder, killed after up to 0.4 s, sometimes before its first sample."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "20261120T185323Z-1a2b"
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.close(reading)
                feed(folder, seed, writing)
            os._exit(1)
        os.close(writing)
        # One in ten dies while it sets up its folder or waits for its first second, the others with something to lose.
        said = os.read(reading, 8) if rng.random() < 0.9 else b""
        time.sleep(float(rng.uniform(0, LONGEST_S)) ** 2 / LONGEST_S)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            said += pipe.read()
        acknowledged = struct.unpack_from("<q", said, len(said) - 8)[0] if said else 0
        return {"what": "recorder killed", "seed": seed, **_judge(folder, seed, acknowledged)}


def _judge(folder: Path, seed: int, acknowledged: int) -> Result:
    if not is_session_folder(folder):
        return {"acknowledged_s": 0.0, "recovered_s": 0.0, "lost_s": 0.0, "damage": [], "ok": acknowledged == 0}
    session = open_session(folder)
    before = material.Comparison(session, seed)
    told = damage_of(session)
    recover(folder)
    again = open_session(folder)
    after = material.Comparison(again, seed)
    # Words are handed over after their block, so those of the last synced second may still wait in memory.
    due = range(0, acknowledged - material.RATE, 25)
    words = all(s in after.markers and (s % material.RATE or s // material.RATE in after.episodes) for s in due)
    right = int(before.right.sum())
    return {
        "acknowledged_s": acknowledged / material.RATE,
        "recovered_s": right / material.RATE,
        "lost_s": max(0, acknowledged - right) / material.RATE,
        "damage": list(told),
        "ok": right == before.samples >= acknowledged
        and before.wrong == after.wrong == 0
        and int(after.right.sum()) == right
        and words
        and damage_of(again) == ()
        and again.stop is not None,
    }


class Sent:
    """What the board sends: counts that tell their sample."""

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        return self.of(np.arange(start, start + n))

    @staticmethod
    def of(numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """(samples, 8) of samples of these numbers."""
        return ((numbers[:, None] * STEP + np.arange(8) * 524287) % 2**24 - 2**23).astype(np.int32)

    @staticmethod
    def numbers(counts: NDArray[np.int32]) -> NDArray[np.int64]:
        """The numbers of such samples, as far as their first column tells: up to 18 hours."""
        numbers: NDArray[np.int64] = (counts[:, 0].astype(np.int64) + 2**23) * pow(STEP, -1, 2**24) % 2**24
        return numbers


def kill_command(seed: int) -> Result:
    """`hfs-emg record` on a pseudo-terminal, killed between its first and its sixth second."""
    from firmware_bridge.emulator import CytonEmulator
    from firmware_bridge.pty_server import PtyServer

    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as room, PtyServer(CytonEmulator(Sent())) as board:
        store = Path(room) / "store"
        command = [sys.executable, "-m", "hfs_emg", "record", "--board", f"serial://{board.path}", "--subject", "P014"]
        with subprocess.Popen(
            [*command, "--store", str(store)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            end = time.monotonic() + 60
            while not (found := list(store.glob("P014/*/start.json"))):
                if child.poll() is not None or time.monotonic() > end:
                    child.kill()
                    return {"what": "record killed", "seed": seed, "ok": False, "damage": ["it did not start"]}
                time.sleep(0.02)
            folder = found[0].parent
            time.sleep(float(rng.uniform(0.0, 6.0)))
            acknowledged = _counted(folder) * material.RATE
            child.kill()
            child.wait()
        return {"what": "record killed", "seed": seed, **_judge_command(folder, acknowledged)}


def _judge_command(folder: Path, acknowledged: int) -> Result:
    """Which samples the line took away is not this trial's matter: each that came must be one that was sent, in the order of sending."""
    session = open_session(folder)
    numbers = []
    right = True
    for block in session.blocks():
        came = block.counts[~block.lost]
        sent = Sent.numbers(came)
        right &= bool((Sent.of(sent) == came).all())
        numbers.append(sent)
    steps = np.diff(np.concatenate(numbers)) if numbers else np.empty(0)
    told = damage_of(session)
    recover(folder)
    again = open_session(folder)
    left = damage_of(again)
    return {
        "acknowledged_s": acknowledged / material.RATE,
        "recovered_s": session.samples / material.RATE,
        "lost_s": max(0, acknowledged - session.samples) / material.RATE,
        "damage": list(told),
        "values_right": right,
        "order_right": bool((steps > 0).all()),
        "left": list(left),
        "ok": right and bool((steps > 0).all()) and again.samples == session.samples >= acknowledged and not left,
    }


def _counted(folder: Path) -> int:
    """How many records the header says are on the disk."""
    with (folder / "signal.bdf").open("rb") as file:
        file.seek(COUNT_AT)
        return int(file.read(COUNT_BYTES) or b"0")


KINDS = {"process": kill_process, "command": kill_command}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.kills", description=__doc__)
    parser.add_argument("--trials", type=int, default=950)
    parser.add_argument("--kind", choices=KINDS, default="process")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--out", type=Path, help="results as JSON lines; those that are there are not done again")
    options = parser.parse_args()
    results = run(options.out, range(options.first, options.first + options.trials), KINDS[options.kind])
    print(summary(results))


if __name__ == "__main__":
    main()
