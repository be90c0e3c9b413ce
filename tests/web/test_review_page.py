"""Reviewing in a browser, with the keyboard alone, and what the page's script asks of the server."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from rooms import Inside, Process

from hfs_emg.review.verdicts import read_verdicts
from hfs_emg.web.application import Web

sys.path.append(str(Path(__file__).parents[1] / "review"))
from sessions_to_review import episode, session_of

EPISODES = [episode(n, 0.55 * n, confidence=0.5 + (n % 50) / 100, end_s=0.55 * n + 0.3) for n in range(1, 101)]


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return session_of(tmp_path_factory.mktemp("hundred"), EPISODES)


@pytest.fixture
def folder(web: Web, hundred: Path) -> Path:
    """A session with a hundred events in the store that is served."""
    import shutil

    return Path(shutil.copytree(hundred, web.store.root / "P014" / hundred.name))


def base_of(folder: Path) -> str:
    return f"/sessions/{folder.parent.name}/{folder.name}/review"


def test_a_hundred_events_are_judged_and_taken_back_through_the_servers_answers(inside: Inside, folder: Path) -> None:
    base = base_of(folder)
    told = inside.get(f"{base}/events?reader=R1").json()
    assert len(told["events"]) == 100
    keys = [key for group in told["groups"] for key in group["keys"]]
    assert len(keys) == 100
    answers = [
        inside.post(f"{base}/verdicts", json={"reader": "R1", "verdicts": [{"action": "confirm", "events": g["keys"]}]})
        for g in told["groups"]
    ]
    assert sum(len(a.json()["changed"]) for a in answers) == 100
    assert answers[-1].json()["slider"][-1]["sides"]["right"]["spasms"] == 100
    undone = inside.post(f"{base}/verdicts", json={"reader": "R1", "verdicts": [{"action": "undo"}]}).json()
    assert {e["state"] for e in undone["changed"]} == {"undecided"}
    assert len(read_verdicts(folder).lines) == len(answers) + 1


def judge(client: Inside, base: str, reader: str, action: str, events: list[str]) -> None:
    sent = {"reader": reader, "verdicts": [{"action": action, "events": events}]}
    assert client.post(f"{base}/verdicts", json=sent).status_code == 200


def test_a_second_reader_is_shown_nothing_of_the_first_before_the_end(
    inside: Inside, elsewhere: Inside, folder: Path
) -> None:
    """Neither events, nor what readers say together, report, sheet, trend, nor the first reader's own page; then all of it."""
    base, session = base_of(folder), base_of(folder).removesuffix("/review")
    every = [str(n) for n in range(1, 101)]
    before = inside.get(f"{base}/events?reader=R2").text
    judge(elsewhere, base, "R1", "reject", ["1"])
    judge(elsewhere, base, "R1", "confirm", every[1:])
    assert inside.get(f"{base}/events?reader=R2").text == before
    judge(inside, base, "R2", "confirm", every[:-1])
    for path in (
        f"{base}/together",
        f"{session}/report",
        f"{session}/report.pdf",
        f"/subjects/{folder.parent.name}/trend",
    ):
        refused = inside.get(path)
        assert refused.status_code in (400, 403), path
        assert "1 event is left to judge" in refused.text
    spied = inside.get(f"{base}/events?reader=R1")
    assert spied.status_code == 400
    assert "1 event is left" in spied.json()["error"]
    assert elsewhere.get(f"{base}/together").status_code == 200  # who has finished is shown
    judge(inside, base, "R2", "confirm", every[-1:])
    page = inside.get(f"{base}/together").text
    assert "R1 and R2" in page
    assert "1 disputed" in page


def test_whoever_was_shown_what_readers_say_begins_no_blind_reading(
    inside: Inside, elsewhere: Inside, folder: Path
) -> None:
    base = base_of(folder)
    judge(elsewhere, base, "R1", "reject", ["1"])
    asked = inside.get(f"{base}/together")
    assert "99" not in asked.text
    assert "must not see this before" in asked.text
    assert inside.post(f"{base}/together").status_code == 303
    assert "1 of 100 events judged by R1" in inside.get(f"{base}/together").text
    assert "begins on another device" in inside.get(f"{base}/events?reader=R2").json()["error"]
    assert inside.get(f"{base}/events?reader=R1").status_code == 200


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"reader": "R1", "verdicts": []}', "Between one and"),
        (b'{"reader": "Jane Doe", "verdicts": [{"action": "undo"}]}', "reader's code"),
        (b'{"reader": "../../etc", "verdicts": [{"action": "undo"}]}', "reader's code"),
        (b'{"reader": "R1", "verdicts": [{"action": "erase"}]}', "cannot be read"),
        (b'{"reader": "R1", "verdicts": [{"action": "confirm", "events": ["999"]}]}', "no event '999'"),
        (b'{"reader": "R1", "verdicts": [{"action": "undo"}]}', "nothing to take back"),
        (
            b'{"reader": "R1", "verdicts": [{"action": "adjust", "events": ["1"], "start_s": 1, "end_s": 1e9}]}',
            "session ends at",
        ),
        (b"[" * 5000, "cannot be read"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused_in_a_sentence_and_nothing_is_written(
    inside: Inside, folder: Path, sent: bytes, words: str
) -> None:
    answer = inside.post(f"{base_of(folder)}/verdicts", content=sent)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert not read_verdicts(folder).lines


def test_verdicts_want_the_change_token(inside: Inside, folder: Path) -> None:
    sent = {"reader": "R1", "verdicts": [{"action": "confirm", "events": ["1"]}]}
    assert inside.post(f"{base_of(folder)}/verdicts", json=sent, token="other").status_code == 403
    assert not read_verdicts(folder).lines


def test_the_signal_comes_from_anywhere_in_the_session_as_the_figures_have_it(inside: Inside, folder: Path) -> None:
    from hfs_emg.figures import filtered
    from hfs_emg.session.reader import open_session

    answer = inside.get(f"{base_of(folder)}/trace?start=40&end=42")
    channels, points, start_s, rate = struct.unpack_from("<IIdd", answer.content)
    values = np.frombuffer(answer.content, "<f4", offset=24).reshape(channels, points)
    session = open_session(folder)
    _, expected = filtered(session, session.montage, 40.0, 42.0)
    assert (start_s, rate, points) == (40.0, 250.0, 500)
    np.testing.assert_allclose(values, expected, atol=1e-3)
    for wrong in ("start=0&end=1000", "start=x&end=1", "start=5&end=1", "start=nan&end=inf", ""):
        assert inside.get(f"{base_of(folder)}/trace?{wrong}").status_code == 400


def entered(browser: Browser, process: Process, width: int = 1366) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(process.link)
    page.wait_for_url(lambda url: "/enter" not in url)  # the link's own page goes on by itself
    page.wait_for_load_state()
    return page


def begun(page: Page, process: Process, folder: Path, reader: str) -> None:
    page.goto(process.origin + base_of(folder))
    page.fill("#reader", reader)
    page.keyboard.press("Enter")
    page.wait_for_selector("#list tr")


def until(page: Page, expression: str) -> None:
    """Waits for something on the page; the page's policy forbids the browser's own way of waiting."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{expression} did not come true: {page.inner_text('#told')}")


def left(page: Page) -> int:
    return int(page.inner_text("#left").split()[0])


def test_a_reader_works_with_the_keyboard_alone_and_finds_it_again_after_the_server_was_killed(
    chromium: Browser, hfs: Callable[..., Process], folder: Path
) -> None:
    import signal

    store = str(folder.parent.parent)
    process = hfs("serve", "--store", store, "--port", "0")
    page = entered(chromium, process)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    begun(page, process, folder, "R1")
    assert left(page) == 100
    until(page, "document.getElementById('traces').getContext('2d').getImageData(0, 0, 600, 300).data.some((v) => v)")
    page.keyboard.press("c")
    until(page, "!document.getElementById('left').textContent.startsWith('100 ')")
    after = left(page)
    page.keyboard.press("u")
    until(page, "document.getElementById('left').textContent.startsWith('100 ')")
    page.keyboard.press("o")
    page.keyboard.press("l")
    page.keyboard.press("t")
    until(page, "document.getElementById('left').textContent.startsWith('99 ')")
    box = page.locator("#traces").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60)
    page.mouse.up()
    page.keyboard.press("a")
    page.keyboard.press("b")
    until(page, "document.getElementById('told').textContent === 'Added.'")
    page.locator("#threshold").fill("8")
    assert page.inner_text("#threshold-told") == "0.90"
    process.end(signal.SIGKILL)
    again = hfs("serve", "--store", store, "--port", "0")
    other = entered(chromium, again, width=390)
    begun(other, again, folder, "R1")
    assert left(other) == 99
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    begun(other, again, folder, "R2")
    assert left(other) == 100
    assert after < 100
    assert not errors


def test_review_report_trend_and_treatments_have_no_serious_finding_of_axe(
    chromium: Browser, hfs: Callable[..., Process], folder: Path
) -> None:
    process = hfs("serve", "--store", str(folder.parent.parent), "--port", "0")
    page = entered(chromium, process)
    axe = Path(__file__).parent / "axe" / "axe.min.js"
    subject = folder.parent.name
    pages = [
        base_of(folder),
        base_of(folder) + "/together",
        f"/subjects/{subject}/treatments",
        f"/subjects/{subject}/trend",
    ]
    for path in pages:
        page.goto(process.origin + path, timeout=120_000)
        if path == pages[0]:
            begun(page, process, folder, "R1")
        page.evaluate(axe.read_text())
        found = page.evaluate(
            "axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)))"
        )
        assert not [(path, v["id"], [n["html"] for n in v["nodes"]]) for v in found]


def test_report_and_sheet_are_served_with_a_way_back_and_a_policy_that_runs_no_script(
    inside: Inside, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("hfs_emg.web.report_pages.SOON_S", 120.0)
    answer = inside.get(f"/sessions/S01/{told}/report")
    assert answer.status_code == 200
    assert "SIMULATED" in answer.text
    assert f'href="/sessions/S01/{told}"' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert inside.get("/sessions/S01/nothing/report").status_code == 404


def test_a_treatment_is_noted_shown_as_text_struck_and_refused_when_it_cannot_be(inside: Inside, folder: Path) -> None:
    path = f"/subjects/{folder.parent.name}/treatments"
    fields = {"date": "2026-03-02", "what": "<script>toxin</script>", "dose": "15 U", "sites": "lid", "note": ""}
    assert inside.post(path, data=fields).status_code == 303
    shown = inside.get(path).text
    assert "&lt;script&gt;toxin" in shown
    assert "<script>toxin" not in shown
    assert inside.post(path, data=fields | {"date": "soon"}).status_code == 400
    assert inside.post(path, data=fields | {"date": date.max.isoformat()}).status_code == 400
    assert inside.post(path, data={"strike": "7"}).status_code == 400
    assert inside.post(path, data={"strike": "1"}).status_code == 303
    assert "None noted" in inside.get(path).text
    assert inside.post("/subjects/NOBODY/treatments", data=fields).status_code == 404
