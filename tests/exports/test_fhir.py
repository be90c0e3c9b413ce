"""The FHIR bundle: valid by HL7's schema, preliminary until reviewed, and what the episodes add up to."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hfs_emg.exports.fhir import write
from hfs_emg.exports.shared import SharedSession

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


def test_counts_and_rates_are_per_valid_minute(bundle: dict[str, Any], sessions: list[SharedSession]) -> None:
    first = resources(bundle, "DiagnosticReport")[0]
    wanted = {r["reference"].removeprefix("urn:uuid:") for r in first["result"]}
    values = {
        (o["code"]["coding"][0]["code"], o.get("bodySite", {}).get("text", "")[:4]): o["valueQuantity"]["value"]
        for o in resources(bundle, "Observation")
        if o["id"] in wanted
    }
    spasms = sum(e.kind == "spasm" for e in sessions[0].episodes)
    valid_s = sessions[0].valid_s
    assert valid_s is not None
    assert values["spasm-count", "left"] == spasms > 20
    assert values["spasm-rate", "left"] == pytest.approx(spasms / (valid_s / 60), abs=1e-3)
    assert values["spasm-count", "righ"] == 0
    assert values["valid-time", ""] == valid_s


def test_what_is_not_known_is_said_to_be_so(sessions: list[SharedSession], validator: Any, tmp_path: Path) -> None:
    """An interrupted session has no valid time, so it has no rate."""

    class Unfinished(SharedSession):
        valid_s = None

    write([Unfinished(sessions[0]._session, sessions[0]._disguise)], tmp_path / "b.json")
    bundle = json.loads((tmp_path / "b.json").read_text())
    validator.validate(bundle)
    rates = [o for o in resources(bundle, "Observation") if o["code"]["coding"][0]["code"] == "spasm-rate"]
    assert all("dataAbsentReason" in o and "valueQuantity" not in o for o in rates)
