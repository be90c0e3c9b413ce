"""Commands over recordings: analyze, evaluate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hfs_emg.cli.common import Subparsers, add_json, add_montage, add_settings, add_store


def add(commands: Subparsers) -> None:
    """Register the commands."""
    analyze = commands.add_parser(
        "analyze",
        help="find spasms in a recording",
        description="Analyses a session, or a file of another program (OpenBCI GUI text, BrainFlow CSV, EDF, BDF).",
        epilog="example: hfs-emg analyze patient.bdf --json findings.json",
    )
    analyze.add_argument("recording", metavar="RECORDING", help="a session's id or folder, or a file")
    add_montage(analyze)
    add_settings(analyze)
    add_json(analyze)
    add_store(analyze)
    analyze.set_defaults(run=run_analyze)
    evaluate = commands.add_parser(
        "evaluate",
        help="score findings against a truth",
        description="Compares the JSON of `analyze`, or a session, with a truth file. Figures on simulated recordings say nothing of patients.",
        epilog="example: hfs-emg evaluate findings.json --truth patient.truth.json",
    )
    evaluate.add_argument("found", type=Path, metavar="FOUND", help="JSON of `analyze --json`, or a session folder")
    evaluate.add_argument("--truth", type=Path, required=True, metavar="TRUTH", help="truth written by `simulate`")
    add_json(evaluate)
    evaluate.set_defaults(run=run_evaluate)


def recording_path(options: argparse.Namespace) -> Path:
    """A path as given, or the folder of a session by its id."""
    from hfs_emg.cli.common import store_of
    from hfs_emg.errors import RecordingError, RequestError

    path = Path(options.recording)
    if path.exists():
        return path
    try:
        return store_of(options).find(options.recording)
    except RequestError as error:
        if "/" in options.recording or "." in options.recording:
            raise RecordingError(f"{path} does not exist: check the name of the recording.") from None
        raise error from None


def run_analyze(options: argparse.Namespace) -> int:
    """Analyse one recording."""
    from hfs_emg.cli.common import check_output, montage_file_of, settings_of, summary_text, write_json
    from hfs_emg.cli.terminal import Progress
    from hfs_emg.formats import open_recording

    check_output(options.json, options.force)
    settings = settings_of(options)
    montage_file = montage_file_of(options)
    recording = open_recording(recording_path(options), montage_file)
    settings.band_hz(recording.signal.rate_hz)
    from hfs_emg.analysis.document import analyse

    montage = recording.montage
    assert montage is not None  # open_recording refuses a recording without one
    for note in recording.notes:
        sys.stderr.write(f"note: {note}\n")
    progress = Progress("analysing")
    document, _ = analyse(recording, montage, settings, progress=progress)
    progress.end()
    write_json(options.json, document)
    if options.json is None or str(options.json) != "-":
        print(summary_text(document))
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Score one recording."""
    from hfs_emg.cli.common import check_output, write_json
    from hfs_emg.evaluate import read_found, read_truth, render_scores, score

    check_output(options.json, options.force)
    scores = score([(read_found(options.found), read_truth(options.truth))])
    write_json(options.json, scores)
    if options.json is None or str(options.json) != "-":
        print(render_scores(scores))
    return 0
