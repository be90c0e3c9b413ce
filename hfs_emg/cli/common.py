"""Options that several commands share, and what is done with them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import msgspec

    from hfs_emg.analysis.document import Analysis
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


def add_montage(parser: argparse.ArgumentParser) -> None:
    """--montage."""
    parser.add_argument("--montage", type=Path, metavar="FILE.toml", help="which input lies at which side and site")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """--settings."""
    parser.add_argument("--settings", type=Path, metavar="FILE.toml", help="settings; the [analysis] table is read")


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json and --force."""
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the result as JSON to a file, or - for standard output"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an output file that exists")


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
    import msgspec

    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.settings import read_settings

    if options.settings is None:
        return AnalysisSettings()
    # Built here so that `--help` need not load it: the file's tables, of which there is one today.
    whole = msgspec.defstruct("SettingsFile", [("analysis", AnalysisSettings, AnalysisSettings())], frozen=True)
    analysis: AnalysisSettings = read_settings(options.settings, whole).analysis  # type: ignore[attr-defined]
    return analysis


def check_output(path: Path | None, force: bool) -> None:
    """Refuse, before any work is done, an output that exists or cannot be written. Raises RequestError or DiskError."""
    from hfs_emg.errors import DiskError, RequestError

    if path is None or str(path) == "-":
        return
    if path.is_dir():
        raise RequestError(f"{path} is a folder: give the name of a file.")
    if path.exists() and not force and path.is_file():
        raise RequestError(f"{path} exists: choose another name, or say --force to overwrite it.")
    if not path.parent.is_dir():
        raise DiskError(f"The folder {path.parent} does not exist: make it, or choose another place for {path.name}.")


def write_json(path: Path | None, document: msgspec.Struct) -> None:
    """Write a document to a file, whole or not at all, or to standard output. Raises DiskError."""
    import msgspec

    if path is None:
        return
    content = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    write_output(path, content)


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; `-` is standard output. Raises DiskError."""
    from hfs_emg.errors import DiskError

    if str(path) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    beside = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DiskError(
            f"{path} could not be written ({error.strerror}): check the folder and the space left."
        ) from None


def summary_text(analysis: Analysis) -> str:
    """The burden of both sides, for people."""
    part = analysis.recording
    lines = []
    if part.simulated:
        lines.append("SIMULATED: no person wore these electrodes.")
    lines.append(
        f"{part.duration_s:.0f} s at {part.sample_rate_hz:g} Hz, {part.valid_s:.0f} s of them valid for both sides; "
        f"{len(analysis.episodes)} episodes."
    )
    sides = {place.side for place in part.montage}
    if len(sides) == 1:
        lines.append(f"One side only ({sides.pop()}): one-sidedness cannot be seen, so nothing is called a spasm.")
    lines.append(
        f"{'':6} {'spasms':>7} {'per valid min':>14} {'spasm time':>11} {'clonic':>7} {'tonic':>6} {'longest':>8}"
    )
    for side, burden in analysis.summary.items():
        rate = "-" if burden.spasms_per_min is None else f"{burden.spasms_per_min:.2f}"
        lines.append(
            f"{side:6} {burden.spasms:7d} {rate:>14} {burden.spasm_time_s:9.1f} s {burden.clonic:7d} {burden.tonic:6d} "
            f"{burden.longest_s:6.1f} s"
        )
    kinds: dict[str, int] = {}
    for episode in analysis.episodes:
        kinds[episode.kind.value] = kinds.get(episode.kind.value, 0) + 1
    if kinds:
        lines.append("All kinds: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda k: -k[1])))
    lines.append("Counts are outputs of an algorithm, to be reviewed together with the raw trace. Not a diagnosis.")
    return "\n".join(lines)
