"""What a BIDS dataset says of itself in words: descriptions, sidecars, README. No samples here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hfs_emg import __version__
from hfs_emg.events import KINDS
from hfs_emg.exports.shared import SharedSession

BIDS_VERSION = "1.11.0"
_NOT_A_DEVICE = "Episodes are outputs of an algorithm that was never validated on patients; judge them together with the raw signal."
_SHIFTED = (
    "All dates of a subject are moved back by the same number of days, 30 to 3650, which is not written here; times of day, intervals "
    "and the order of sessions are true."
)

PARTICIPANTS_SIDECAR = {"species": {"Description": "Species of the participant"}}
CHANNELS_SIDECAR = {"placement_description": {"Description": "Where the pair of electrodes lies"}}
EVENTS_SIDECAR: dict[str, Any] = {
    "onset": {"Description": "Seconds from the first sample, by sample index", "Units": "s"},
    "duration": {"Description": "Seconds from onset to offset; 0 for a marker", "Units": "s"},
    "trial_type": {
        "Description": "Kind of episode",
        "Levels": {
            **{kind.value: row.meaning for kind, row in KINDS.items()},
            "marker": "a word put there while recording",
        },
    },
    "source": {
        "Description": "Who says so",
        "Levels": {"algorithm": f"hfs-emg. {_NOT_A_DEVICE}", "marker": "a person or another program, while recording"},
    },
    "side": {
        "Description": "Side of the face, the person's own",
        "Levels": {"left": "left", "right": "right", "both": "both"},
    },
    "form": {
        "Description": "Form of a spasm",
        "Levels": {"clonic": "bursts shorter than 1 s", "tonic": "an uninterrupted burst lasts 1 s or more"},
    },
    "sites": {"Description": "Muscles taking part, joined by +"},
    "confidence": {"Description": "Probability that the kind is right, as the algorithm estimates it"},
    "counts_as_spasm": {"Description": "Whether the episode counts in rates and spasm time"},
    "value": {"Description": "Words of a marker"},
    "sample": {"Description": "Index of the sample of the onset, from 0"},
}


def dataset_description(sessions: Sequence[SharedSession]) -> dict[str, Any]:
    """dataset_description.json."""
    simulated = " (SIMULATED)" if any(s.simulated for s in sessions) else ""
    return {
        "Name": f"Bilateral facial surface EMG{simulated}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "hfs-emg", "Version": __version__, "Description": "recorded, analysed and exported"}],
    }


def readme(sessions: Sequence[SharedSession]) -> str:
    """README.md: what it is, whether it is of people, what to mind."""
    subjects = list(dict.fromkeys(s.subject for s in sessions))
    hours = sum(s.duration_s for s in sessions) / 3600
    simulated = [s.id for s in sessions if s.simulated]
    lines = [
        "# Bilateral facial surface EMG",
        "",
        f"{_number(len(sessions), 'recording')} of {_number(len(subjects), 'subject')}, {hours:.2f} hours, made with hfs-emg.",
        "",
        *([f"**SIMULATED**, no human wore the electrodes: {', '.join(simulated)}.", ""] if simulated else []),
        _NOT_A_DEVICE,
        "",
        _SHIFTED,
        "",
        "Samples that never came hold the last value: annotations `gap` in the BDF files say where; `padding` follows the last sample.",
        "",
    ]
    return "\n".join(lines)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def emg_sidecar(session: SharedSession, task: str) -> dict[str, Any]:
    """_emg.json."""
    description = session.start.board.description
    bipolar = description.get("reference") != "common"
    reference = (
        "bipolar: each channel is the difference of two electrodes along its muscle"
        if bipolar
        else "one common electrode"
    )
    montage = session.montage
    return {
        "TaskName": task,
        "TaskDescription": "Facial muscles of both sides recorded while the person does what people do, or follows prompts.",
        "Manufacturer": "OpenBCI" if "OpenBCI" in session.start.board.title else "n/a",
        "ManufacturersModelName": session.start.board.title,
        "SoftwareVersions": session.start.software,
        "SamplingFrequency": session.signal.rate_hz,
        "EMGPlacementScheme": "Other",
        "EMGPlacementSchemeDescription": (
            "Pairs of electrodes 1 cm apart along each muscle, mirrored on the two sides of the face; the muscle of each channel stands "
            "in channels.tsv."
        ),
        "EMGReference": reference,
        "EMGGround": "one electrode on the mastoid behind an ear",
        "EMGChannelCount": 0 if montage is None else len(montage.channels),
        "MiscChannelCount": len(session.signal.inputs)
        + len(session.signal.aux_labels)
        - (0 if montage is None else len(montage.channels)),
        "PowerLineFrequency": "n/a",
        "RecordingType": "continuous",
        "RecordingDuration": session.duration_s,
        "SoftwareFilters": "n/a",
        "HardwareFilters": "n/a",
    }
