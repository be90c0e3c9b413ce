"""What a review costs: keystrokes per event of a scripted reader who knows the truth, and the time of every answer of the server.

    python -m benchmarks.review [--seconds N] [--scenario S] [--write]

An hour of a simulated patient is recorded into a store, then judged card by card with the keys of the review page: a card whose events
are all what they are called is confirmed, one that is wrong throughout is relabelled or rejected, a mixed one is opened. Answers are timed
in the process that gives them, wall clock and processor, because the machine may have other work.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.markdown import table
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import Kind
from hfs_emg.formats import open_recording
from hfs_emg.matching import partners
from hfs_emg.review.desk import KIND_KEYS, ReviewDesk
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import Action
from hfs_emg.session.store import Store
from hfs_emg.sessions import import_recording
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.simulation.truth import Truth
from hfs_emg.web.shelf import now_utc

PAGE = Path(__file__).parents[1] / "docs" / "review.md"
KEY_OF = {kind: key for key, kind in KIND_KEYS.items()}


@dataclass
class Reading:
    """What the scripted reader did."""

    events: int = 0
    keys: int = 0
    wrong: int = 0
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)


def recorded(root: Path, scenario: str, seconds: float) -> tuple[Path, Truth]:
    """A session of the patient in a store, and its truth."""
    path = root / "patient.bdf"
    face = SimulatedFace(load_scenario(scenario), seed=5)
    write_recording(face, seconds, path)
    recording = open_recording(path)
    assert recording.montage is not None
    folder, _ = import_recording(recording, Store(root / "store"), "S01", recording.montage, AnalysisSettings())
    return folder, face.truth(seconds)


def true_kinds(review: SessionReview, happened: Truth) -> dict[str, Kind | None]:
    """What each episode really is: the truth it overlaps most; None where there is nothing."""
    truth = happened.episodes
    near = partners(review.episodes, truth)
    return {str(e.id): Kind(truth[of[0]].kind) if of else None for e, of in zip(review.episodes, near, strict=True)}


def read(review: SessionReview, truth: dict[str, Kind | None]) -> Reading:
    """Judge everything that is asked, with as few keys as the cards allow."""
    desk = ReviewDesk(review.view("R1"), review.montage)
    done = Reading(events=desk.left)

    def press(keys: str) -> None:
        for key in keys:
            done.keys += 1
            verdicts = desk.press(key)
            if verdicts:
                done.asked += [(v.action.value, {"events": list(v.events), "kind": v.kind}) for v in verdicts]
                desk.show(review.judge("R1", now_utc(), verdicts))
                desk.advance()

    while desk.left:
        card = desk.card
        assert card is not None
        view = {e.key: e for e in review.view("R1").events}
        waiting = [view[k] for k in card.keys if k in view and view[k].state == "undecided"]
        kinds = {(e.episode.kind, truth.get(e.key)) for e in waiting}
        if len(kinds) > 1 and len(card.keys) > 1:
            press("o")
            continue
        ((named, real),) = kinds
        if named is real:
            press("c")
        else:
            done.wrong += len(waiting)
            press("r" if real is None else "l" + KEY_OF[real])
    return done


def answers(folder: Path, reading: Reading) -> dict[str, list[tuple[float, float]]]:
    """(wall, processor) seconds of each answer: the page, the list, the signal around every event, every verdict."""
    from starlette.testclient import TestClient

    from hfs_emg.web.admission import Admission
    from hfs_emg.web.application import Web, application
    from hfs_emg.web.place import Place

    web = Web(
        Store(folder.parent.parent),
        Place(("127.0.0.1",), 8474),
        Admission(time.monotonic),
        lambda: time.monotonic() * 1000,
    )
    times: dict[str, list[tuple[float, float]]] = {}
    base = f"/sessions/{folder.parent.name}/{folder.name}/review"
    with TestClient(application(web), base_url="http://127.0.0.1:8474") as client:
        client.get(f"/enter?token={web.admission.invite()}")

        def timed(what: str, path: str, sent: dict[str, object] | None = None) -> str:
            began = time.perf_counter(), time.process_time()
            answer = client.get(path) if sent is None else client.post(path, json=sent, headers=headers)
            ended = time.perf_counter(), time.process_time()
            assert answer.status_code == 200, answer.text
            times.setdefault(what, []).append((ended[0] - began[0], ended[1] - began[1]))
            return answer.text if what == "page" else ""

        headers: dict[str, str] = {}
        found = re.search(r'name="change-token" content="([^"]+)"', timed("page", base))
        assert found is not None
        headers |= {"x-change-token": found[1], "origin": "http://127.0.0.1:8474"}
        client.get(f"{base}/events?reader=R2"), client.get(f"{base}/trace?start=0&end=1")  # what is imported once
        times.clear()
        for _ in range(5):
            timed("page", base)
            timed("list of events", f"{base}/events?reader=R2")
        for action, more in reading.asked:
            verdict = {"action": action, **{k: v for k, v in more.items() if v}}
            timed("verdict", f"{base}/verdicts", {"reader": "R2", "verdicts": [verdict]})
        timed("undo", f"{base}/verdicts", {"reader": "R2", "verdicts": [{"action": Action.UNDO.value}]})
        for start in np.linspace(0, SessionReview(folder).duration_s - 5, 60):
            timed("signal around an event", f"{base}/trace?start={start}&end={start + 4}")
    return times


def figures(scenario: str, seconds: float) -> str:
    """The part of the page."""
    with tempfile.TemporaryDirectory() as root:
        folder, truth = recorded(Path(root), scenario, seconds)
        review = SessionReview(folder)
        reading = read(review, true_kinds(review, truth))
        times = answers(folder, reading)
    lines = [
        f"`{scenario}`, {seconds / 60:.0f} minutes: {reading.events} events to judge, {reading.wrong} of them not what they were called;",
        f"{reading.keys} keystrokes, {reading.keys / max(1, reading.events):.2f} for each event.",
        "",
    ]
    rows = []
    for what, taken in times.items():
        wall, cpu = (1000 * np.array(part) for part in zip(*taken, strict=True))
        rows.append(
            (
                what,
                str(len(taken)),
                f"{np.median(wall):.0f}",
                f"{wall.max():.0f}",
                f"{np.median(cpu):.0f}",
                f"{cpu.max():.0f}",
            )
        )
    heads = ("answer", "asked", "wall, median ms", "wall, longest", "processor, median ms", "processor, longest")
    return "\n".join([*lines, *table(heads, rows)]).strip()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3600.0)
    options.add_argument("--scenario", default="mild-early-left")
    options.add_argument("--write", action="store_true", help="put the figures into docs/review.md")
    chosen = options.parse_args()
    found = figures(chosen.scenario, chosen.seconds)
    print(found)
    if chosen.write:
        marks = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)
        PAGE.write_text(marks.sub(lambda m: f"{m[1]}{found}\n{m[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
