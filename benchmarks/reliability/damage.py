"""Torn and flipped session folders: `python -m benchmarks.reliability.damage --trials 10000 --out damage.jsonl`.

Each trial takes a sound session, damages one of its files as a power cut, a failing card or a stray bit would, opens it, recovers it
and opens it again. Right is: nothing crashes; the damage is told with its place; no sample comes back with another value; what the
damage did not touch comes back, but for one second at most; recovering loses nothing and is done after one time.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.reliability import material
from benchmarks.reliability.results import Result, run, summary
from hfs_emg.errors import RecordingError
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import open_session
from hfs_emg.session.recovery import recover

SECONDS = 20
SEED = 5
SIGNAL_NAME = "signal.bdf"
Rng = np.random.Generator


def cut(content: bytes, rng: Rng) -> bytes:
    """The file ends at any byte."""
    return content[: int(rng.integers(0, len(content)))]


def torn(content: bytes, rng: Rng) -> bytes:
    """The last write was not whole."""
    return content[: -int(rng.integers(1, min(len(content), 8000)))]


def flip(content: bytes, rng: Rng, bits: int = 1) -> bytes:
    """Bits turned, anywhere."""
    turned = bytearray(content)
    for _ in range(bits):
        turned[int(rng.integers(0, len(turned)))] ^= 1 << int(rng.integers(0, 8))
    return bytes(turned)


def sector(content: bytes, rng: Rng, fill: int = 0) -> bytes:
    """A sector or page holds nothing any more."""
    size = int(rng.choice([512, 4096]))
    at = int(rng.integers(0, -(-len(content) // size))) * size
    return content[:at] + bytes([fill]) * len(content[at : at + size]) + content[at + size :]


def unfilled(content: bytes, rng: Rng) -> bytes:
    """The file was lengthened, and what belongs there never came."""
    at = int(rng.integers(max(0, len(content) - 20_000), len(content)))
    return content[:at] + bytes(len(content) - at)


def rubbish(content: bytes, rng: Rng) -> bytes:
    """Bytes of another file follow."""
    return content + rng.bytes(int(rng.integers(1, 20_000)))


DAMAGES: dict[str, Callable[[bytes, Rng], bytes]] = {
    "cut": cut,
    "torn": torn,
    "bit flipped": flip,
    "five bits flipped": partial(flip, bits=5),
    "sector of zeros": sector,
    "sector of ones": partial(sector, fill=0xFF),
    "not filled": unfilled,
    "rubbish at the end": rubbish,
}
FILES = (SIGNAL_NAME, "timeline.jsonl", "episodes.jsonl", "start.json", "stop.json", "settings.json")


def base_session(folder: Path, *, finished: bool) -> Path:
    """A sound session, ended or interrupted."""
    recorder = material.recorder_in(folder)
    for block in material.blocks(SEED, SECONDS * material.RATE):
        recorder.write(block)
        material.words(recorder, block)
    if finished:
        recorder.finish("stopped", valid_s=float(SECONDS), sample_rate_hz=float(material.RATE))
    else:
        recorder.abandon()
    return folder


class Trials:
    """Trials over two sound sessions in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bases = [base_session(folder / name, finished=name == "finished") for name in ("finished", "interrupted")]

    def trial(self, seed: int) -> Result:
        """Damage one file of one of the two."""
        rng = np.random.default_rng(seed)
        base = self._bases[int(rng.integers(0, 2))]
        names = [n for n in FILES if (base / n).exists()]
        # Half of all damage hits the signal, which is nearly all there is.
        name = SIGNAL_NAME if rng.random() < 0.5 else str(rng.choice(names))
        kind = str(rng.choice(list(DAMAGES)))
        before = (base / name).read_bytes()
        after = DAMAGES[kind](before, rng)
        with tempfile.TemporaryDirectory(dir=self._folder) as room:
            folder = Path(room) / base.name
            shutil.copytree(base, folder)
            (folder / name).write_bytes(after)
            found = judge(folder, untouched(name, before, after), changed=before != after)
        return {"what": f"{name}: {kind}", "seed": seed, "session": base.name, **found}


def untouched(name: str, before: bytes, after: bytes) -> int:
    """Samples of the records that the damage left as they were."""
    if name != SIGNAL_NAME:
        return SECONDS * material.RATE
    header = 256 * 11
    size = (len(before) - header) // SECONDS
    starts = range(header, header + SECONDS * size, size)
    return material.RATE * sum(before[k : k + size] == after[k : k + size] for k in starts)


def judge(folder: Path, sound_samples: int, *, changed: bool) -> Result:
    """Open, recover, open again."""
    acknowledged_s = SECONDS * 1.0
    try:
        session = open_session(folder)
        told = damage_of(session)
    except RecordingError as refusal:
        return {
            "acknowledged_s": acknowledged_s,
            "recovered_s": 0.0,
            "lost_s": sound_samples / material.RATE,
            "damage": [str(refusal)],
            "ok": sound_samples == 0,
        }
    first = material.Comparison(session, SEED)
    recover(folder)
    again = open_session(folder)
    second = material.Comparison(again, SEED)
    settled = not recover(folder).actions and again.stop is not None
    right = int(first.right.sum())
    lost_s = max(0, sound_samples - right) / material.RATE
    return {
        "acknowledged_s": acknowledged_s,
        "recovered_s": right / material.RATE,
        "lost_s": lost_s,
        "damage": list(told),
        "wrong_samples": first.wrong + second.wrong,
        "ok": lost_s <= 1.0
        and first.wrong == second.wrong == 0
        and int(second.right.sum()) == right
        and settled
        and bool(told) == changed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.damage", description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--out", type=Path, help="results as JSON lines; those that are there are not done again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        trials = Trials(Path(name))
        results = run(options.out, range(options.first, options.first + options.trials), trials.trial)
    print(summary(results))


if __name__ == "__main__":
    main()
