"""Commands before a session: calibrate, contact."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING

from hfs_emg.cli.common import (
    Subparsers,
    add_json,
    add_montage,
    add_settings,
    add_store,
    add_subject,
    before_a_board,
    for_people,
    montage_file_of,
    store_of,
)
from hfs_emg.cli.output import check_output, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calibration.montage import Montage
    from calibration.procedure import Prompt
    from calibration.profile import CalibrationProfile
    from calibration.tasks import Task
    from firmware_bridge.boards import Board
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.calibrating import Calibration, Follower
    from hfs_emg.session.store import Store

INTERRUPTED_STATUS = 130
SAME_DAY_H = 14
"""Calibrations so far apart are repetitions of one day."""


def add(commands: Subparsers) -> None:
    """Register the commands."""
    calibrate = commands.add_parser(
        "calibrate",
        help="guide a patient through a calibration",
        description="Checks the electrodes, guides through rest and movements, and writes the subject's profile: "
        "levels, symmetry, crosstalk.",
        epilog="example: hfs-emg calibrate --board sim:cooperative-left --subject S01 --quick",
    )
    _add_board(calibrate)
    add_subject(calibrate)
    length = calibrate.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="about a minute: rest, closure, smile, blinks")
    length.add_argument("--full", action="store_true", help="about five minutes, with winks (the default)")
    calibrate.add_argument("--reading", action="store_true", help="read aloud for half a minute, too")
    calibrate.add_argument("--chewing", action="store_true", help="chew for 20 s, too")
    calibrate.add_argument("--no-contact", action="store_true", help="leave the check of the electrodes out")
    add_montage(calibrate)
    add_settings(calibrate)
    add_store(calibrate)
    add_json(calibrate)
    calibrate.set_defaults(run=run_calibrate)
    contact = commands.add_parser(
        "contact",
        help="check the electrodes",
        description="Measures the impedance of each electrode with the board's lead-off current, where it has one; "
        "elsewhere judges the signal.",
        epilog="example: hfs-emg contact --board sim:cooperative-left",
    )
    _add_board(contact)
    add_montage(contact)
    add_json(contact)
    contact.set_defaults(run=run_contact)


def _add_board(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--board", required=True, metavar="URL", help="serial:auto, serial:///dev/ttyUSB0, sim:cooperative-left"
    )


def run_calibrate(options: argparse.Namespace) -> int:
    """Guide, measure, write the profile."""
    from calibration.profile_file import encode_profile
    from calibration.tasks import sequence
    from hfs_emg.boards import open_with_patient
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.live import montage_of_board
    from hfs_emg.profiles import profile_paths, save_profile

    settings, montage_file, store = before_a_board(options)
    tasks = sequence("quick" if options.quick else "full", reading=options.reading, chewing=options.chewing)
    board, patient = open_with_patient(options.board)
    with contextlib.closing(board):
        montage = montage_of_board(board.spec.exg_channels, montage_file)
        settings.band_hz(board.spec.rate_hz)
        guiding = Guiding(options, montage, len(tasks))
        with ending_politely(guiding.stop):
            if not options.no_contact:
                guiding.electrodes(board)
            found = guiding.guide(board, patient, tasks, settings)
    if found is None:
        before = "the profile of before stays" if profile_paths(store, options.subject) else "no profile was written"
        sys.stderr.write(f"hfs-emg: The calibration was ended before it was through; {before}.\n")
        return INTERRUPTED_STATUS
    profile, same_day = found
    path = save_profile(store, profile)
    if options.json is not None:
        import json

        write_json(options.json, json.loads(encode_profile(profile)))
    if for_people(options):
        from calibration.repeatability import repeatability
        from hfs_emg.cli.profile_text import profile_text, repeatability_text

        print(profile_text(profile))
        if same_day:
            print(repeatability_text(repeatability([*same_day, profile])))
        print(f"Profile: {path}")
    return 0


class Guiding:
    """One calibration at this terminal: shows prompts, takes keys, ends when it is asked to."""

    def __init__(self, options: argparse.Namespace, montage: Montage, tasks: int) -> None:
        from hfs_emg.cli.guide import Guide

        self._options = options
        self._montage = montage
        self._screen = Guide(montage, tasks)
        self._pressed: deque[str] = deque()
        self._stopping = False

    def stop(self) -> None:
        """The end is wanted; only sets a mark."""
        self._stopping = True

    def electrodes(self, board: Board) -> None:
        """Measure impedances where the board can, and show them."""
        from firmware_bridge.electrode_check import can_check, check_electrodes
        from hfs_emg.cli.profile_text import reading_text
        from hfs_emg.contact import State, impedance_state

        cyton = can_check(board)
        if cyton is None:
            self._screen.say("This board cannot measure impedances: contact is judged from the signal.")
            return
        self._screen.say("Measuring each electrode (6 nA); please keep still.")
        inputs = [c.input + 1 for c in self._montage.channels]
        readings = check_electrodes(
            cyton,
            inputs,
            on_reading=lambda r: self._screen.say("  " + reading_text(r, self._montage)),
            stop=lambda: self._stopping,
        )
        bad = sum(impedance_state(r.impedance) is State.BAD for r in readings)
        if bad and not self._stopping:
            self._screen.say(
                f"{bad} of {len(readings)} electrodes are bad: q ends, so that they can be seen to; else it goes on."
            )

    def guide(
        self, board: Board, patient: Follower | None, tasks: Sequence[Task], settings: AnalysisSettings
    ) -> tuple[CalibrationProfile, list[CalibrationProfile]] | None:
        """Run the sequence. Returns the profile, and those of the same day that it compares with; None when it was ended."""
        from hfs_emg.cli.keys import pressed_keys

        with pressed_keys(self._pressed.append):
            return guided(
                board,
                patient,
                store_of(self._options),
                self._options.subject,
                montage=self._montage,
                tasks=tasks,
                settings=settings,
                sequence="quick" if self._options.quick else "full",
                on_prompt=self._show,
            )

    def _show(self, calibration: Calibration, prompt: Prompt) -> None:
        while self._pressed:
            self._obey(calibration, self._pressed.popleft())
            prompt = calibration.procedure.prompt
        if self._stopping:
            calibration.stop()
        at = len(calibration.procedure.results) + 1
        self._screen.show(prompt, at, calibration.procedure.levels)
        for words in calibration.take_news():
            self._screen.say(words)

    def _obey(self, calibration: Calibration, key: str) -> None:
        procedure = calibration.procedure
        match key.lower():
            case "p" | " ":
                (procedure.resume if procedure.prompt.phase == "paused" else procedure.pause)()
            case "s":
                procedure.skip()
            case "c":
                procedure.cannot()
            case "q":
                self._stopping = True


def guided(
    board: Board,
    patient: Follower | None,
    store: Store,
    subject: str,
    *,
    montage: Montage,
    tasks: Sequence[Task],
    settings: AnalysisSettings,
    sequence: str,
    on_prompt: Callable[[Calibration, Prompt], None],
) -> tuple[CalibrationProfile, list[CalibrationProfile]] | None:
    """Run a sequence. Returns the profile, and those of the same day that it compares with; None when it was ended before its end."""
    from datetime import UTC, datetime, timedelta

    from hfs_emg.calibrating import Calibration, circumstances
    from hfs_emg.profiles import fitting_profiles
    from hfs_emg.sessions import SOFTWARE

    calibration = Calibration(board, montage, tasks, settings, patient=patient, on_prompt=on_prompt)
    last = fitting_profiles(store, subject, montage=montage, rate_hz=board.spec.rate_hz, band_hz=calibration.band_hz)
    now = datetime.now(UTC)
    told = circumstances(
        subject=subject,
        made_utc=now,
        software=SOFTWARE,
        simulated=board.spec.simulated,
        sequence=sequence,
        band_hz=calibration.band_hz,
    )
    found = calibration.run(told, last[0] if last else None)
    if found is None:
        return None
    # Not the date: a day at the clinic may hold midnight in Greenwich.
    return found.profile, [p for p in reversed(last) if now - p.made_utc <= timedelta(hours=SAME_DAY_H)]


def run_contact(options: argparse.Namespace) -> int:
    """Measure or judge, once."""
    from firmware_bridge.electrode_check import can_check, check_electrodes
    from hfs_emg.boards import open_board
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.live import montage_of_board
    from hfs_emg.cli.profile_text import reading_text, readings_document

    check_output(options.json, options.force)
    montage_file = montage_file_of(options)
    stopping: list[bool] = []
    with contextlib.closing(open_board(options.board)) as board, ending_politely(lambda: stopping.append(True)):
        montage = montage_of_board(board.spec.exg_channels, montage_file)
        cyton = can_check(board)
        if cyton is None:
            return _contact_by_signal(options, board, montage)
        readings = check_electrodes(
            cyton,
            [c.input + 1 for c in montage.channels],
            on_reading=lambda r: print(reading_text(r, montage), flush=True) if for_people(options) else None,
            stop=lambda: bool(stopping),
        )
    write_json(options.json, {"schema": "hfs-emg/contact/1", "electrodes": readings_document(readings, montage)})
    return 0


def _contact_by_signal(options: argparse.Namespace, board: Board, montage: Montage) -> int:
    """Ten seconds of signal, and what it says."""
    from hfs_emg.calibrating import contact_by_signal

    contacts = contact_by_signal(board, montage)
    for contact in contacts if for_people(options) else ():
        print(contact.words)
    rows = [
        {"channel": c.channel.label, "input": c.channel.input + 1, "state": c.state.word}
        | {"reason": c.reason or None, "remedy": c.remedy or None}
        for c in contacts
    ]
    write_json(options.json, {"schema": "hfs-emg/contact/1", "channels": rows})
    return 0
