"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hfs_emg.cli.output import STANDARD_OUTPUT, check_output

if TYPE_CHECKING:
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.session.store import Store
    from hfs_emg.settings import MontageFile

Subparsers = Any
"""argparse's own class for this is private."""


def add_store(parser: argparse.ArgumentParser) -> None:
    """--store."""
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help="where sessions are kept (else $HFS_EMG_STORE, else ~/.local/share/hfs-emg)",
    )


def add_subject(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """--subject."""
    parser.add_argument(
        "--subject", required=required, metavar="ID", help="subject code: letters and digits, no name of a person"
    )


def warn_of_name(subject: str) -> None:
    """One line on standard error when a subject code looks like a name or a birth date; it is taken all the same."""
    from hfs_emg.sharing import doubt_of_code

    doubt = doubt_of_code(subject)
    if doubt is not None:
        sys.stderr.write(f"hfs-emg: {doubt}\n")


def add_montage(parser: argparse.ArgumentParser) -> None:
    """--montage."""
    parser.add_argument("--montage", type=Path, metavar="FILE.toml", help="which input lies at which side and site")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """--settings."""
    parser.add_argument("--settings", type=Path, metavar="FILE.toml", help="settings; the [analysis] table is read")


def add_calibration(parser: argparse.ArgumentParser, default: str) -> None:
    """--calibration."""
    parser.add_argument(
        "--calibration", metavar="FILE.json|latest|none", help=f"the subject's calibration profile ({default})"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json and --force."""
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the result as JSON to a file, or - for standard output"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an output file that exists")


def seconds(text: str) -> float:
    """An option's value: a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number of seconds")
    return value


def whole_number(text: str) -> int:
    """An option's value: a whole number from 0 on."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 on")
    return int(text)


def for_people(options: argparse.Namespace) -> bool:
    """False when standard output belongs to a machine."""
    return bool(options.json != STANDARD_OUTPUT)


def store_of(options: argparse.Namespace) -> Store:
    """The store of --store or of the environment."""
    from hfs_emg.session.store import Store, default_store_path

    return Store(options.store if options.store is not None else default_store_path())


def montage_file_of(options: argparse.Namespace) -> MontageFile | None:
    """What --montage says, or None."""
    from hfs_emg.settings import read_montage

    return None if options.montage is None else read_montage(options.montage)


def settings_of(options: argparse.Namespace) -> AnalysisSettings:
    """What --settings says, or the defaults."""
    from hfs_emg.analysis.settings import AnalysisSettings

    if options.settings is None:
        return AnalysisSettings()
    from hfs_emg.service_settings import SettingsFile
    from hfs_emg.settings import read_settings

    return read_settings(options.settings, SettingsFile).analysis


def before_a_board(options: argparse.Namespace) -> tuple[AnalysisSettings, MontageFile | None, Store]:
    """What a command needs that will sit with a patient: read and tried before the board is touched.

    Whoever has glued electrodes, or sat still for minutes, should not learn last that a file cannot be read or written.
    """
    from datetime import UTC, datetime

    check_output(options.json, options.force)
    settings, montage_file, store = settings_of(options), montage_file_of(options), store_of(options)
    store.new_session_folder(options.subject, datetime.now(UTC))
    warn_of_name(options.subject)
    return settings, montage_file, store
