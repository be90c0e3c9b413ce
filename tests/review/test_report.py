"""The page for the clinician, from a simulated patient's session."""

import json
import re
import shutil
import zlib
from contextlib import suppress
from html import unescape
from pathlib import Path

import pytest
from sessions_to_review import NOW, episode, session_of

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.cli import main
from hfs_emg.errors import RequestError
from hfs_emg.events import Kind
from hfs_emg.formats import open_recording
from hfs_emg.report.content import examples_of, report_content
from hfs_emg.report.page import TEMPLATE, check_pdf, report_html, report_pdf, side_rows
from hfs_emg.report.words import EN, TABLES
from hfs_emg.review.desk import draft
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import Action
from hfs_emg.review.view import base_view
from hfs_emg.session.store import Store
from hfs_emg.sessions import import_recording
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.trend.page import TEMPLATE as TREND_TEMPLATE


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    path = root / "patient.bdf"
    write_recording(SimulatedFace(load_scenario("moderate-right"), seed=4), 90.0, path)
    recording = open_recording(path)
    folder, burden = import_recording(recording, Store(root / "store"), "S01", recording.montage, AnalysisSettings())
    return root / "store", folder, burden


@pytest.fixture(scope="module")
def content(recorded):
    store, folder, _ = recorded
    return report_content(Store(store), folder)


@pytest.fixture
def copied(recorded, tmp_path):
    """A store of its own, to be written to."""
    shutil.copytree(recorded[0], tmp_path / "store")
    return Store(tmp_path / "store"), tmp_path / "store" / "S01" / recorded[1].name


def words_of(html):
    return unescape(
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))
    )


def pages_of(pdf):
    """Objects of type page, also in compressed streams."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n", pdf):
        with suppress(zlib.error):
            parts.append(zlib.decompressobj().decompress(pdf[found.end() :]))
    return sum(len(re.findall(rb"/Type ?/Page\b", part)) for part in parts)


def test_counts_and_valid_time_are_those_of_the_analysis(content, recorded):
    from calibration.montage import Side

    burden = recorded[2].side(Side.RIGHT, content.head.duration_s)
    assert burden.spasms > 3
    assert content.sides["right"].burden == burden
    assert content.sides["left"].burden.spasms == 0
    rate = content.sides["right"].rate
    assert rate.low < rate.value < rate.high


def test_what_the_simulated_side_does_is_what_its_measures_say(content):
    right = content.sides["right"]
    assert right.spread.mouth > right.spread.eye
    assert right.babinski.value > 0.5
    assert right.amplitude_uv > right.floor_uv > 0
    assert right.synkinesis < 1
    assert content.confounders.blinks > 5
    assert {row.site for row in content.asymmetry} >= {"frontalis", "orbicularis oculi"}


def test_the_page_marks_a_simulated_session_says_that_nobody_reviewed_it_and_holds_the_disclaimer(content):
    html = report_html(content)
    words = words_of(html)
    for said in (
        EN["simulated"],
        EN["reviewed_not"],
        "Not a medical device",
        "JRS severity",
        "1.62",
        "UNCERTAIN",
        "µV",
    ):
        assert said in words, said
    assert html.count("data:image/svg+xml") == 1 + len(content.examples)
    for never in ("failed", "diagnos", "increase", "http:", "https:", "<script"):
        assert never not in re.sub(r"base64,[^\"]+", "", html).lower(), never


def test_verdicts_change_the_counts_and_the_page_says_whose_they_are(copied):
    store, folder = copied
    review = SessionReview(folder)
    spasms = [e.key for e in review.reviewed().events if e.counts()]
    review.judge("R1", NOW, [draft(Action.REJECT, spasms[0]), draft(Action.CONFIRM, *spasms[1:])])
    content = report_content(store, folder)
    assert content.sides["right"].burden.spasms == len(spasms) - 1
    words = words_of(report_html(content))
    assert "REVIEWED" in words
    assert "R1" in words
    assert EN["reviewed_not"] not in words


def test_the_pdf_is_one_sheet_even_with_long_notes_and_a_long_treatment(copied):
    try:
        check_pdf()
    except RequestError:
        pytest.skip("weasyprint or its libraries are not here")
    import msgspec

    content = report_content(copied[0], copied[1])
    told = msgspec.structs.replace(
        content.head, notes=("A long note about the recording. " * 30,), treatment="toxin, " * 28
    )
    content = type(content)(**{n: getattr(content, n) for n in content.__slots__} | {"head": told})
    pdf = report_pdf(report_html(content))
    assert pages_of(pdf) == 1


def test_an_empty_session_gives_a_page_with_dashes(tmp_path):
    folder = session_of(tmp_path, [], 70)
    content = report_content(Store(tmp_path), folder)
    words = words_of(report_html(content))
    assert "0 in 1." in words
    assert not content.examples
    assert all(row.cells for row in side_rows(list(content.sides.values()), EN))


def test_words_of_a_hostile_session_stay_words(tmp_path):
    folder = session_of(tmp_path, [episode(1, 5.0, reason="<script>alert(1)</script>")], 70)
    start = folder / "start.json"
    text = start.read_text().replace("Cyton", "<img src=x onerror=alert(1)>")
    start.write_text(text)
    html = report_html(report_content(Store(tmp_path), folder))
    assert "<img src=x" not in html
    assert "<script" not in html


def test_examples_are_typical_ones_and_the_least_certain():
    events = base_view(
        [episode(n, 5.0 * n, confidence=0.6 + n / 50) for n in range(1, 11)] + [episode(11, 60.0, Kind.UNSURE)]
    ).events
    chosen = examples_of(base_view([e.episode for e in events]))
    assert [e.key for e, unsure in chosen if unsure] == ["11", "1"]
    assert len([e for e, unsure in chosen if not unsure]) == 3


def test_every_language_has_every_word_and_every_word_is_used():
    source = (
        "".join(
            path.read_text()
            for folder in ("report", "trend")
            for path in TEMPLATE.parents[1].joinpath(folder).glob("*.*")
        )
        + (TEMPLATE.parents[1] / "cli" / "report.py").read_text()
    )
    asked = set(re.findall(r"\bt\.(\w+)", TEMPLATE.read_text() + TREND_TEMPLATE.read_text()))
    assert asked <= set(EN)
    unused = [k for k in EN if source.count(k) < 2 and not k.startswith(("side_", "axis_", "reference_"))]
    assert not unused
    assert all(set(table) == set(EN) for table in TABLES.values())


def test_the_command_writes_page_and_figures_and_overwrites_nothing(copied, tmp_path, monkeypatch, capsys):
    store, folder = copied
    monkeypatch.chdir(tmp_path)
    given = ["report", folder.name, "--store", str(store.root), "--json", "figures.json"]
    assert main(given) == 0
    assert Path(f"report-{folder.name}.html").stat().st_mode & 0o777 == 0o600
    figures = json.loads(Path("figures.json").read_text())
    assert figures["schema"] == "hfs-emg/report/1"
    assert figures["sides"]["right"]["burden"]["spasms"] > 3
    assert main(given) == 2
    assert "exists" in capsys.readouterr().err
