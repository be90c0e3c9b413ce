"""FHIR R4: one bundle of kind `collection`, per session a DiagnosticReport with its Observations (hl7.org/fhir/R4/).

Rates are per valid time of their side, as in the report: the signal is analysed once more for it, some seconds an hour.

Rule: `preliminary` until a person has reviewed the session, then `final`; a simulated session carries the tag HTEST (test data) on every
resource. Codes are our own, because no public code system has spasms of a face counted by EMG; units are UCUM. Nothing identifies a
person but the subject's code, and moments are shifted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from calibration.montage import Side
from hfs_emg.analysis.burden import Burden, SideBurden
from hfs_emg.errors import RequestError
from hfs_emg.events import Findings
from hfs_emg.exports.shared import SharedSession

SYSTEM = "urn:hfs-emg:measure:1"
"""The code system of our measures, with its version."""
_NAMES = uuid.UUID("6f6d2f0e-6a5b-5a53-9d0f-2b4e0a6b7c11")
_SIDE_SYSTEM = "urn:hfs-emg:side:1"
DISCLAIMER = "Output of an algorithm on surface EMG, never validated on patients: it supports a clinician's judgement, it is no diagnosis."

Resource = dict[str, Any]


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """The bundle of all sessions. Raises RequestError for a session without a montage."""
    entries = [
        {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        for resource in _unique(r for s in sessions for r in _resources(s))
    ]
    bundle = {
        "resourceType": "Bundle",
        "id": _id("bundle", *(s.id for s in sessions)),
        "type": "collection",
        "entry": entries,
    }
    out.write_bytes(msgspec.json.format(msgspec.json.encode(bundle), indent=1) + b"\n")
    return []


def _unique(resources: Iterator[Resource]) -> list[Resource]:
    """A subject and a program stand once, however many sessions share them."""
    found: dict[str, Resource] = {}
    for resource in resources:
        found.setdefault(resource["id"], resource)
    return list(found.values())


def _id(*parts: str) -> str:
    """The same for the same session each time it is shared, and of no other meaning."""
    return str(uuid.uuid5(_NAMES, "/".join(parts)))


def _resources(session: SharedSession) -> Iterator[Resource]:
    tag = {"meta": {"tag": [_HTEST]}} if session.simulated else {}
    patient: Resource = {
        "resourceType": "Patient",
        "id": _id("patient", session.subject, str(session.simulated)),
        **tag,
        "identifier": [{"system": "urn:hfs-emg:subject", "value": session.subject}],
    }
    device: Resource = {
        "resourceType": "Device",
        "id": _id("device", session.start.software, session.start.board.title, str(session.simulated)),
        **tag,
        "deviceName": [{"name": session.start.board.title, "type": "other"}],
        "version": [{"value": session.start.software}],
    }
    yield patient
    yield device
    common = {
        **tag,
        "status": "final" if session.reviewed else "preliminary",
        "subject": _reference(patient),
        **_period(session),
    }
    observations = list(_observations(session, {**common, "device": _reference(device)}))
    yield from observations
    yield {
        "resourceType": "DiagnosticReport",
        "id": _id("report", session.id),
        **common,
        "identifier": [{"system": "urn:hfs-emg:session", "value": session.id}],
        "code": _code("report", "Facial surface EMG: one-sided synkinetic spasms"),
        "result": [_reference(o) for o in observations],
        "conclusion": _conclusion(session),
    }


_HTEST = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


def _observations(session: SharedSession, common: Resource) -> Iterator[Resource]:
    """What each side adds up to, and the time that it was measured over."""
    if session.montage is None:
        raise RequestError(f"{session.id} has no montage, so that no side is known: it cannot be told in FHIR.")
    burden = Burden(session.montage)
    burden.add(Findings(session.episodes, session.invalid, (), session.duration_s))
    yield {
        "resourceType": "Observation",
        "id": _id("observation", session.id, "valid-time"),
        **common,
        "code": _code("valid-time", "Time in which both sides of the face could be measured"),
        **_quantity(burden.valid_s(session.duration_s), "s", "s"),
    }
    for side in Side:
        if not session.montage.on(side):
            continue
        found = burden.side(side, session.duration_s)
        for name, title, value, unit, code in _measures(found):
            yield {
                "resourceType": "Observation",
                "id": _id("observation", session.id, name, side.value),
                **common,
                "code": _code(name, title),
                "bodySite": _side(side),
                **_quantity(value, unit, code),
            }


def _measures(found: SideBurden) -> Iterator[tuple[str, str, float | None, str, str]]:
    """(code, title, value, unit, UCUM) of one side; None: not known."""
    yield "side-valid-time", "Time in which this side could be measured", found.valid_s, "s", "s"
    yield "spasm-count", "Spasms", float(found.spasms), "spasms", "{spasms}"
    yield "spasm-rate", "Spasms per valid minute of this side", found.spasms_per_min, "spasms/min", "{spasms}/min"
    yield "spasm-time", "Time in spasm, from onset to offset", found.spasm_time_s, "s", "s"
    yield "clonic-count", "Clonic spasms", float(found.clonic), "spasms", "{spasms}"
    yield "tonic-count", "Tonic spasms", float(found.tonic), "spasms", "{spasms}"
    yield "longest-spasm", "Longest spasm", found.longest_s, "s", "s"


def _conclusion(session: SharedSession) -> str:
    words = ["Reviewed by a person." if session.reviewed else "Not reviewed."]
    if session.simulated:
        words.insert(0, "SIMULATED: no human wore the electrodes.")
    return " ".join([*words, DISCLAIMER])


def _quantity(value: float | None, unit: str, code: str) -> Resource:
    if value is None:
        system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        return {"dataAbsentReason": {"coding": [{"system": system, "code": "unknown"}]}}
    quantity = {"value": round(value, 4), "unit": unit, "system": "http://unitsofmeasure.org", "code": code}
    return {"valueQuantity": quantity}


def _code(code: str, text: str) -> Resource:
    return {"coding": [{"system": SYSTEM, "code": code, "display": text}], "text": text}


def _side(side: Side) -> Resource:
    return {"coding": [{"system": _SIDE_SYSTEM, "code": side.value}], "text": f"{side.value} side of the face"}


def _reference(resource: Resource) -> Resource:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _period(session: SharedSession) -> Resource:
    start, end = session.utc(0), session.utc(session.samples)
    if start is None or end is None:
        return {}
    return {"effectivePeriod": {"start": _instant(start), "end": _instant(end)}}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
