"""Commands over recordings: analyze, evaluate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import (
    Subparsers,
    add_calibration,
    add_json,
    add_montage,
    add_settings,
    add_store,
    for_people,
    montage_file_of,
    settings_of,
    store_of,
)
from hfs_emg.cli.output import check_output, write_json

if TYPE_CHECKING:
    from calibration.montage import Montage
    from calibration.profile import CalibrationProfile
    from hfs_emg.model import Recording
    from hfs_emg.sessions import Kept


def add(commands: Subparsers) -> None:
    """Register the commands."""
    analyze = commands.add_parser(
        "analyze",
        help="find spasms in a recording",
        description="Analyses a session, or a file of another program (OpenBCI GUI text, BrainFlow CSV, EDF, BDF). A session is analysed "
        "with the settings, montage and model it was recorded with, so that the same is found as live.",
        epilog="example: hfs-emg analyze patient.bdf --json findings.json",
    )
    analyze.add_argument("recording", metavar="RECORDING", help="a session's id or folder, or a file")
    add_montage(analyze)
    add_settings(analyze)
    add_calibration(analyze, "as the session was recorded, else none")
    analyze.add_argument(
        "--anew",
        action="store_true",
        help="a session: with this program's settings and model, not those it was recorded with",
    )
    add_json(analyze)
    add_store(analyze)
    analyze.set_defaults(run=run_analyze)
    evaluate = commands.add_parser(
        "evaluate",
        help="score findings against a truth",
        description="Compares the JSON of `analyze`, or a session, with a truth file. "
        "Figures on simulated recordings say nothing of patients.",
        epilog="example: hfs-emg evaluate findings.json --truth patient.truth.json",
    )
    evaluate.add_argument("found", type=Path, metavar="FOUND", help="JSON of `analyze --json`, or a session folder")
    evaluate.add_argument("--truth", type=Path, required=True, metavar="TRUTH", help="truth written by `simulate`")
    add_json(evaluate)
    evaluate.set_defaults(run=run_evaluate)


def recording_path(options: argparse.Namespace) -> Path:
    """A path as given, or the folder of a session by its id. Raises RequestError or RecordingError."""
    from hfs_emg.errors import RecordingError, RequestError

    path = Path(options.recording)
    if path.exists():
        return path
    try:
        return store_of(options).find(options.recording)
    except RequestError:
        if "/" in options.recording or "." in options.recording:
            raise RecordingError(f"{path} does not exist: check the name of the recording.") from None
        raise


def kept_settings(options: argparse.Namespace, path: Path) -> Kept:
    """What --settings says, else what the session was recorded with, else the defaults; and the model alike."""
    from hfs_emg.analysis.classify import Classifier
    from hfs_emg.errors import RecordingError, RequestError
    from hfs_emg.session.reader import is_session_folder
    from hfs_emg.sessions import INSTEAD, MODEL_FILE, Kept, kept_in

    if options.anew or not is_session_folder(path):
        return Kept(settings_of(options), MODEL_FILE.read_bytes())
    kept = kept_in(path)
    try:
        Classifier(kept.model)
    except RequestError as error:
        raise RecordingError(
            f"{path} was recorded with a model that this version cannot use: {error} {INSTEAD}"
        ) from None
    return kept if options.settings is None else Kept(settings_of(options), kept.model, kept.profile)


def wanted_profile(
    options: argparse.Namespace, path: Path, recording: Recording, montage: Montage, kept: Kept
) -> CalibrationProfile | None:
    """What --calibration says, else what the session was recorded with. `latest` is that of the session's own subject.

    Raises RequestError, ProfileDamaged or ProfileUnfit.
    """
    from hfs_emg.errors import RequestError
    from hfs_emg.profiles import LATEST, NONE, choose_profile, read_profile
    from hfs_emg.session.documents import START_NAME, StartDocument, read_document
    from hfs_emg.session.reader import is_session_folder

    if options.calibration is None:
        return kept.profile
    if options.calibration == NONE:
        return None
    rate_hz = recording.signal.rate_hz
    if is_session_folder(path):
        subject = read_document(path / START_NAME, StartDocument).subject
    elif options.calibration == LATEST:
        raise RequestError("Nobody knows whose file this is: name the profile's file, --calibration FILE.json.")
    else:
        subject = read_profile(Path(options.calibration)).profile.subject
    chosen = choose_profile(
        options.calibration,
        store_of(options),
        subject,
        montage=montage,
        rate_hz=rate_hz,
        band_hz=kept.settings.band_hz(rate_hz),
    )
    if chosen.why_not is not None:
        sys.stderr.write(f"hfs-emg: {chosen.why_not}\n")
    return None if chosen.kept is None else chosen.kept.profile


def run_analyze(options: argparse.Namespace) -> int:
    """Analyse one recording."""
    from hfs_emg.cli.summary import summary_text
    from hfs_emg.cli.terminal import Progress
    from hfs_emg.formats import open_recording

    path = recording_path(options)
    check_output(options.json, options.force, sources=(path,))
    kept = kept_settings(options, path)
    recording = open_recording(path, montage_file_of(options))
    kept.settings.band_hz(recording.signal.rate_hz)
    from hfs_emg.analysis.document import analyse

    montage = recording.montage
    assert montage is not None  # open_recording refuses a recording without one
    for note in recording.notes:
        sys.stderr.write(f"note: {note}\n")
    profile = wanted_profile(options, path, recording, montage, kept)
    progress = Progress("analysing")
    try:
        document, _ = analyse(
            recording, montage, kept.settings, model=kept.model, profile=profile, progress=progress, in_two=True
        )
    finally:
        progress.end()
    write_json(options.json, document)
    if for_people(options):
        print(summary_text(document))
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Score one recording."""
    from hfs_emg.evaluate import read_found, read_truth, render_scores, score

    check_output(options.json, options.force, sources=(options.found, options.truth))
    scores = score([(read_found(options.found), read_truth(options.truth))])
    write_json(options.json, scores)
    if for_people(options):
        print(render_scores(scores))
    return 0
