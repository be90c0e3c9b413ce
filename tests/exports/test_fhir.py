"""The FHIR bundle: valid by HL7's schema, preliminary until reviewed, and what the episodes add up to."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hfs_emg.events import Invalid
from hfs_emg.exports.fhir import write
from hfs_emg.exports.shared import SharedSession
from hfs_emg.report.content import report_content

SCHEMA = Path(__file__).parents[1] / "data" / "fhir" / "fhir-r4.schema.json.gz"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return jsonschema.Draft6Validator(schema)


@pytest.fixture(scope="module")
def bundle(sessions: list[SharedSession], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("fhir") / "bundle.json"
    write(sessions, out)
    return json.loads(out.read_text())


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def test_the_bundle_is_valid(bundle: dict[str, Any], validator: Any) -> None:
    validator.validate(bundle)


def test_the_schema_would_find_a_mistake(bundle: dict[str, Any], validator: Any) -> None:
    broken = json.loads(json.dumps(bundle))
    resources(broken, "Observation")[0]["status"] = 7
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)


def test_every_reference_leads_to_a_resource_of_the_bundle(bundle: dict[str, Any]) -> None:
    urls = {e["fullUrl"] for e in bundle["entry"]}
    assert len(urls) == len(bundle["entry"])
    text = json.dumps(bundle)
    assert {part.split('"')[0] for part in text.split('"reference": "')[1:]} <= urls


def test_a_subject_stands_once_and_every_session_has_its_report(
    bundle: dict[str, Any], sessions: list[SharedSession]
) -> None:
    assert [p["identifier"][0]["value"] for p in resources(bundle, "Patient")] == ["P1", "P2"]
    assert [r["identifier"][0]["value"] for r in resources(bundle, "DiagnosticReport")] == [s.id for s in sessions]


def test_nothing_is_final_before_a_person_has_reviewed_it(bundle: dict[str, Any]) -> None:
    stated = resources(bundle, "Observation") + resources(bundle, "DiagnosticReport")
    assert {r["status"] for r in stated} == {"preliminary"}
    assert all("Not reviewed." in r["conclusion"] for r in resources(bundle, "DiagnosticReport"))


def test_a_simulated_session_is_tagged_on_every_resource(bundle: dict[str, Any]) -> None:
    tagged = [e["resource"] for e in bundle["entry"] if "meta" in e["resource"]]
    assert {r["meta"]["tag"][0]["code"] for r in tagged} == {"HTEST"}
    assert {r["resourceType"] for r in tagged} == {"Patient", "Device", "Observation", "DiagnosticReport"}
    (report,) = [r for r in tagged if r["resourceType"] == "DiagnosticReport"]
    assert report["conclusion"].startswith("SIMULATED")


def values_of(bundle: dict[str, Any], report: int) -> dict[tuple[str, str], float]:
    """What the observations of a report say, by code and side."""
    wanted = {r["reference"].removeprefix("urn:uuid:") for r in resources(bundle, "DiagnosticReport")[report]["result"]}
    return {
        (o["code"]["coding"][0]["code"], o.get("bodySite", {}).get("text", "").partition(" ")[0]): o["valueQuantity"][
            "value"
        ]
        for o in resources(bundle, "Observation")
        if o["id"] in wanted and "valueQuantity" in o
    }


def test_counts_and_rates_are_per_valid_minute_of_their_side_as_in_the_report(
    sessions: list[SharedSession], tmp_path: Path
) -> None:
    """Two electrodes of the left side are off for some seconds: its time is shorter than that of the right one, and its rate higher."""

    class LoseLeft(SharedSession):
        invalid = (*sessions[0].invalid, Invalid(2.0, 8.0, ("EMG L FRO", "EMG L OOC", "EMG L ZYG"), "lead_off"))

    write([sessions[0], LoseLeft(sessions[1]._session, sessions[1]._disguise)], tmp_path / "b.json")
    bundle = json.loads((tmp_path / "b.json").read_text())
    values = values_of(bundle, 0)
    spasms = sum(e.kind == "spasm" for e in sessions[0].episodes)
    assert values["spasm-count", "left"] == spasms > 20
    assert values["spasm-count", "right"] == 0
    for side, measures in report_content(None, sessions[0]._session.folder).sides.items():
        assert values["side-valid-time", side] == pytest.approx(measures.burden.valid_s, abs=1e-3)
        assert values["spasm-rate", side] == pytest.approx(measures.burden.spasms_per_min, abs=1e-3)
    lost = values_of(bundle, 1)
    assert lost["side-valid-time", "left"] <= lost["side-valid-time", "right"] - 5
    assert lost["valid-time", ""] <= lost["side-valid-time", "left"]
    minutes = lost["side-valid-time", "left"] / 60
    assert lost["spasm-rate", "left"] == pytest.approx(lost["spasm-count", "left"] / minutes, rel=1e-3)


def test_what_is_not_known_is_said_to_be_so(sessions: list[SharedSession], validator: Any, tmp_path: Path) -> None:
    """A session that counts for nothing throughout has no rate."""

    class Worthless(SharedSession):
        invalid = (Invalid(0.0, sessions[0].duration_s, None, "motion"),)

    write([Worthless(sessions[0]._session, sessions[0]._disguise)], tmp_path / "b.json")
    bundle = json.loads((tmp_path / "b.json").read_text())
    validator.validate(bundle)
    rates = [o for o in resources(bundle, "Observation") if o["code"]["coding"][0]["code"] == "spasm-rate"]
    assert all("dataAbsentReason" in o and "valueQuantity" not in o for o in rates)
