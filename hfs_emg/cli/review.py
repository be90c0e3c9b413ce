"""Command: review. Reading and judging a session in the terminal; keys come from the terminal or from standard input."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hfs_emg.cli.common import Subparsers, add_json, add_store, for_people, store_of
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.summary import NOT_A_DIAGNOSIS, SIMULATED
from hfs_emg.cli.terminal import clock

if TYPE_CHECKING:
    from hfs_emg.review.desk import ReviewDesk
    from hfs_emg.review.session_review import SessionReview
    from hfs_emg.review.view import Event, View


def add(commands: Subparsers) -> None:
    """Register the command."""
    review = commands.add_parser(
        "review",
        help="judge the episodes of a session, by key, or see what was judged",
        description="Shows what was found and what readers said of it. With --reader events are judged: similar ones together, the least "
        "certain first, one key each. Verdicts are kept in the session's folder, and only ever added; a reader does not see those of "
        "another one.",
        epilog="example: hfs-emg review 20261120T185323Z-1a2b --reader R1",
    )
    review.add_argument("session", metavar="SESSION", help="a session's id (its beginning is enough) or folder")
    review.add_argument("--reader", metavar="CODE", help="judge as this reader: letters and digits, no name")
    review.add_argument(
        "--threshold", type=_share, default=0.5, metavar="P", help="count unjudged spasms from this confidence up (0.5)"
    )
    add_store(review)
    add_json(review)
    review.set_defaults(run=run_review)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.5 <= value <= 0.95:
        raise argparse.ArgumentTypeError(f"'{text}' is not a confidence from 0.5 to 0.95")
    return value


def run_review(options: argparse.Namespace) -> int:
    """List, or judge and then list."""
    from hfs_emg.review.session_review import SessionReview
    from hfs_emg.review.verdicts import check_reader

    check_output(options.json, options.force)
    if options.reader is not None:
        check_reader(options.reader)
    review = SessionReview(store_of(options).find(options.session))
    _ = review.montage
    for note in (*review.verdicts.notes, *review.session.journal_notes()):
        sys.stderr.write(f"note: {note}\n")
    if options.reader is not None:
        _judge(review, options.reader)
    view = review.reviewed() if options.reader is None else review.view(options.reader)
    write_json(options.json, review_document(review, view, options.reader))
    if for_people(options):
        _print(review, view, options)
    return 0


def review_document(review: SessionReview, view: View, reader: str | None) -> dict[str, Any]:
    """`hfs-emg/review/1`. Agreement is told only to whoever looks without a reader's code: a reader stays blind."""
    events = [
        {
            "key": e.key,
            "state": e.state,
            "counts_as_spasm": e.counts(),
            "adjusted": e.adjusted,
            "of": e.of,
            "episode": e.episode,
        }
        for e in view.events
    ]
    return {
        "schema": "hfs-emg/review/1",
        "session": review.session.name,
        "simulated": review.session.simulated,
        "reader": reader,
        "readers": review.progress().readers,
        "progress": review.progress(),
        "events": events,
        "sensitivity": review.slider(reader),
        "agreement": review.agreements() if reader is None else (),
        "notes": (*review.verdicts.notes, *view.notes),
    }


def _judge(review: SessionReview, reader: str) -> None:
    from datetime import UTC, datetime

    from hfs_emg.errors import RequestError
    from hfs_emg.review.desk import KEYS, ReviewDesk

    desk = ReviewDesk(review.view(reader), review.montage)
    if sys.stdin.isatty():
        print("  ".join(f"{key} {what}" for key, what in KEYS.items()))
    _show(desk)
    for key in _keys():
        if key == "q" and desk.typed is None:
            break
        verdicts = desk.press(key)
        if verdicts:
            try:
                desk.show(review.judge(reader, datetime.now(UTC), verdicts))
            except RequestError as error:
                desk.message = str(error)
            else:
                if verdicts[0].action == "undo":
                    desk.go_back()
                else:
                    desk.advance()
        _show(desk)


def _keys() -> Iterator[str]:
    """One at a time: unseen and at once from a terminal, else as they stand in standard input (line ends there end typed lines)."""
    if not sys.stdin.isatty():
        yield from iter(lambda: sys.stdin.read(1), "")
        return
    from queue import SimpleQueue

    from hfs_emg.cli.keys import pressed_keys

    pressed: SimpleQueue[str] = SimpleQueue()
    with contextlib.ExitStack() as stack:
        stack.enter_context(pressed_keys(pressed.put))
        while True:
            yield pressed.get()


def _show(desk: ReviewDesk) -> None:
    if not sys.stdout.isatty():
        return
    if desk.message:
        print(f"  {desk.message}")
    if desk.typed is not None:
        print(f"\r  {desk.typed}", end="", flush=True)
        return
    card, event = desk.card, desk.prototype()
    if card is None or event is None:
        print("Nothing to judge.")
        return
    others = f" and {len(card.keys) - 1} like it" if len(card.keys) > 1 else ""
    print(f"\n{_line(event)}{others}   ({desk.left} left)\n    {event.episode.reason}")


def _line(event: Event) -> str:
    e = event.episode
    named = "-" if event.named is None else event.named.value
    sites = ", ".join(site.replace("_", " ") for site in e.sites)
    return (
        f"{event.key:>8} {clock(e.start_s):>8} {e.start_s:9.2f} {e.end_s - e.start_s:7.2f}  {named:14} {e.side or '-':6} "
        f"{e.confidence:5.2f}  {event.state:10} {sites}"
    )


def _print(review: SessionReview, view: View, options: argparse.Namespace) -> None:
    from hfs_emg.review.burden import step
    from hfs_emg.review.groups import ASKED

    if review.session.simulated:
        print(SIMULATED)
    progress = review.progress()
    if options.reader is None:
        readers = f"readers {', '.join(progress.readers)}" if progress.begun else "nobody has judged anything yet"
        print(f"Session {review.session.name}: {progress.judged} of {progress.asked} events judged, {readers}.")
        if progress.disputed:
            print(f"{progress.disputed} of them are disputed between readers: they are unsure and do not count.")
    else:
        print(f"Session {review.session.name} as reader {options.reader} sees it: {view.judged} events judged.")
    print(
        f"{'event':>8} {'time':>8} {'start':>9} {'length':>7}  {'kind':14} {'side':6} {'sure':>5}  {'state':10} sites"
    )
    for event in view.events:
        if event.episode.kind in ASKED or event.state != "undecided":
            print(_line(event))
    now = step(view, review.montage, review.duration_s, review.gaps(), options.threshold)
    for side, burden in now.sides.items():
        rate = "-" if burden.spasms_per_min is None else f"{burden.spasms_per_min:.2f}"
        print(f"{side}: {burden.spasms} spasms, {rate} a minute, {burden.spasm_time_s:.1f} s in spasm")
    false = now.false_per_hour
    if now.undecided and false is not None and false.low is not None and false.high is not None:
        print(
            f"{now.undecided} of them were judged by nobody, confidence ≥ {options.threshold:g}; of such, {false.low:.1f}–{false.high:.1f} "
            "an hour were false on simulated faces without spasm (not patients; 95 %)."
        )
    if options.reader is None:
        for pair in review.agreements():
            kappa, f1 = pair.kappa_spasm, pair.spasm_f1
            print(
                f"Readers {pair.readers[0]} and {pair.readers[1]}: {pair.compared} events compared, kappa (spasm or not) {_told(kappa)}, "
                f"F1 of spasms {_told(f1)}"
            )
    print(NOT_A_DIAGNOSIS)


def _told(estimate: Any) -> str:
    if estimate.value is None:
        return "not told: both only ever said one thing"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f}–{estimate.high:.2f})"
