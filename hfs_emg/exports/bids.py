"""BIDS: a dataset of EMG as in BIDS 1.11 (bids-specification.readthedocs.io, "Electromyography"), one session per recording.

    dataset_description.json  README.md  participants.tsv  participants.json
    sub-P014/ses-20200311T101500Z1a2b/
        sub-P014_ses-…_scans.tsv
        emg/sub-P014_ses-…_task-monitoring_{emg.bdf, emg.json, channels.tsv, events.tsv, events.json}

The signals are the BDF+ of `bdf.py`; events.tsv holds episodes and markers, told apart by `source`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from calibration.montage import Channel
from hfs_emg.events import KINDS
from hfs_emg.exports.bdf import write_bdf
from hfs_emg.exports.bids_words import (
    CHANNELS_SIDECAR,
    EVENTS_SIDECAR,
    PARTICIPANTS_SIDECAR,
    dataset_description,
    emg_sidecar,
    readme,
)
from hfs_emg.exports.edf_writing import full_header
from hfs_emg.exports.several import file_stem, session_label
from hfs_emg.exports.shared import SharedSession

TASK = "monitoring"
_ABSENT = "n/a"


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """The dataset."""
    out.mkdir()
    _json(out / "dataset_description.json", dataset_description(sessions))
    (out / "README.md").write_text(readme(sessions), encoding="utf-8")
    subjects = list(dict.fromkeys(s.subject for s in sessions))
    rows = ((f"sub-{subject}", "homo sapiens") for subject in subjects)
    _tsv(out / "participants.tsv", ("participant_id", "species"), rows)
    _json(out / "participants.json", PARTICIPANTS_SIDECAR)
    for session in sessions:
        _write_session(session, out / f"sub-{session.subject}" / f"ses-{session_label(session)}")
    return []


def _write_session(session: SharedSession, folder: Path) -> None:
    emg = folder / "emg"
    emg.mkdir(parents=True)
    stem = f"{file_stem(session)}_task-{TASK}"
    write_bdf(session, emg / f"{stem}_emg.bdf")
    _json(emg / f"{stem}_emg.json", emg_sidecar(session, TASK))
    _tsv(emg / f"{stem}_channels.tsv", _CHANNEL_COLUMNS, _channel_rows(session))
    _json(emg / f"{stem}_channels.json", CHANNELS_SIDECAR)
    _tsv(emg / f"{stem}_events.tsv", _EVENT_COLUMNS, _event_rows(session))
    _json(emg / f"{stem}_events.json", EVENTS_SIDECAR)
    start = session.start.start_utc if session.start.started is not None else _ABSENT
    _tsv(folder / f"{file_stem(session)}_scans.tsv", ("filename", "acq_time"), [(f"emg/{stem}_emg.bdf", start)])


_CHANNEL_COLUMNS = (
    "name", "type", "units", "signal_electrode", "reference", "group", "target_muscle", "placement_scheme",
    "placement_description", "low_cutoff", "high_cutoff", "sampling_frequency", "status",
)  # fmt: skip


def _channel_rows(session: SharedSession) -> Iterable[tuple[object, ...]]:
    """EXG inputs, then aux columns, in the order and with the labels of the BDF file."""
    montage = session.montage
    places: dict[int, Channel] = {} if montage is None else {c.input: c for c in montage.channels}
    inputs, rate = len(session.signal.inputs), session.signal.rate_hz
    for n, signal in enumerate(full_header(session).signals[:-1]):
        place = places.get(n)
        if place is not None:
            said = (
                "EMG",
                signal.dimension,
                _ABSENT,
                _ABSENT,
                place.side.value,
                f"{place.side.value} {place.site.words}",
                "other",
            )
            where, status = "pair along the muscle, 1 cm apart", "good"
        else:
            unit = signal.dimension or _ABSENT
            said = ("MISC", unit, _ABSENT, _ABSENT, _ABSENT, _ABSENT, _ABSENT)
            where, status = ("not analysed" if n < inputs else "auxiliary column of the board"), _ABSENT
        yield (signal.label, *said, where, _ABSENT, _ABSENT, rate, status)


_EVENT_COLUMNS = (
    "onset",
    "duration",
    "trial_type",
    "source",
    "side",
    "form",
    "sites",
    "confidence",
    "counts_as_spasm",
    "value",
    "sample",
)


def _event_rows(session: SharedSession) -> Iterable[tuple[object, ...]]:
    """Episodes and markers by onset."""
    rate = session.signal.rate_hz
    rows: list[tuple[object, ...]] = [
        (
            f"{e.start_s:.6f}", f"{e.end_s - e.start_s:.6f}", e.kind.value, "algorithm", e.side, e.form, "+".join(e.sites) or None,
            f"{e.confidence:.4f}", str(KINDS[e.kind].counts_as_spasm).lower(), None, round(e.start_s * rate),
        )
        for e in session.episodes
    ]  # fmt: skip
    rows += [
        (f"{m.sample / rate:.6f}", 0, "marker", "marker", None, None, None, None, None, m.text, m.sample)
        for m in session.markers
    ]
    return sorted(rows, key=lambda row: float(str(row[0])))


def _tsv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Tab-separated, `n/a` for what is absent; tabs and line breaks within a cell become spaces."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_ABSENT if c is None else " ".join(str(c).split()) or _ABSENT for c in row])


def _json(path: Path, document: object) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
