"""The live pages in a real browser, over a real recording of a simulated patient: what is seen, pressed, marked, killed.

One recording serves several tests; each begins with a page of its own.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from rooms import Process

from hfs_emg.session.reader import open_session
from hfs_emg.session.store import Store

AXE = Path(__file__).with_name("axe") / "axe.min.js"
SCRIPT = "<img src=x onerror=document.title='broken'>"
PATIENCE_MS = 60_000
RECORD = ("record", "--web", "--port", "0", "--board", "sim:moderate-right?seed=7", "--subject", "S01")


def wait(page: Page, condition: str, within_s: float = 60.0) -> None:
    """Until an expression is true. Playwright's own waits would be evaluated from a string, which these pages forbid."""
    until = time.monotonic() + within_s
    while not page.evaluate(condition):
        assert time.monotonic() < until, f"{condition} did not come to be: {page.inner_text('body')[:600]}"
        page.wait_for_timeout(100)


def enter(browser: Browser, process: Process, width: int = 1366, height: int = 768) -> Page:
    """A page of a browser that was let in. What its console says of errors fails the test."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    page.goto(process.link)
    page.wait_for_url(lambda url: "/enter" not in url)  # the link's own page goes on by itself
    return page


def invited(page: Page, process: Process) -> str:
    """A link for one more browser."""
    page.goto(process.origin + "/devices")
    page.click("text=Let another device in")
    return page.inner_text("main code")


@pytest.fixture
def recording(hfs: Callable[..., Process], tmp_path: Path) -> Iterator[tuple[Process, Path]]:
    store = tmp_path / "store"
    return hfs(*RECORD, "--store", str(store)), store


INKED = """side => {
  const canvas = document.getElementById(`trace-${side}`);
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let dark = 0;
  for (let i = 0; i < data.length; i += 4) dark += data[i] < 100 && data[i + 1] < 100 && data[i + 2] < 110;
  return dark;
}"""


MENDS_NOTED = """window.mends = [];
Object.defineProperty(hfsLive, "mended", { get: () => mends.at(-1) ?? 0, set: (at) => mends.push(at) });"""
"""When, in ms, a part of the picture was drawn anew because something was found there."""


def test_what_is_recorded_is_seen_marked_and_ended(chromium: Browser, recording: tuple[Process, Path]) -> None:
    """Frames are drawn; a key's marker lies at the sample of its moment; words are words; the keyboard ends it."""
    process, store = recording
    page = enter(chromium, process)
    assert page.url == process.origin + "/live", "whoever comes in while something is recorded sees it"
    page.goto(process.origin + "/live")
    wait(page, "window.hfsLive && hfsLive.newest > 1000")
    for side in ("right", "left"):
        assert page.evaluate(INKED, side) > 400, f"the {side} side is not drawn"
    assert page.is_visible("#simulated")
    boxes = [page.locator(f"figure.{side}").bounding_box() for side in ("right", "left")]
    assert boxes[0]["x"] < boxes[1]["x"], "the right side lies on the viewer's left"  # type: ignore[index]

    before = page.evaluate("hfsLive.newest")
    page.keyboard.press("m")
    wait(page, "hfsLive.marker")
    sample, after = page.evaluate("[hfsLive.marker.sample, hfsLive.newest]")
    assert before - 125 <= sample <= after

    page.keyboard.press("t")
    page.keyboard.type(SCRIPT)
    page.keyboard.press("Enter")
    wait(page, f"hfsLive.marker.text === {json.dumps(SCRIPT)}")
    assert SCRIPT in page.inner_text("#events")
    assert page.title() != "broken"

    page.keyboard.press("Escape")
    page.locator("#mark").focus()
    picture = "document.getElementById('trace-right').toDataURL()"
    page.keyboard.press("f")
    held = page.evaluate(picture)
    wait(page, "hfsLive.ageS > 2")  # what is held grows older, and says so
    assert page.evaluate(picture) == held
    page.keyboard.press("f")
    wait(page, "hfsLive.ageS < 2")
    assert page.evaluate(picture) != held

    page.evaluate(MENDS_NOTED)
    wait(page, "mends.length > 2")
    mends = page.evaluate("mends")
    assert min(b - a for a, b in pairwise(mends)) > 200, "what is drawn anew must not cost the sweep its frames"

    page.keyboard.press("s")
    page.keyboard.press("Enter")
    assert process.popen.wait(60) == 0
    (summary,) = Store(store).sessions()
    assert (summary.state, summary.reason) == ("finished", "stopped")
    markers = open_session(Path(summary.folder)).markers
    assert [m.text for m in markers] == ["marker", SCRIPT]
    assert markers[0].sample == sample


def test_the_live_page_fits_a_phone_and_has_no_barrier(chromium: Browser, recording: tuple[Process, Path]) -> None:
    """At 390 px nothing is wider than the screen, and what is pressed is large enough; axe finds nothing serious in both schemes."""
    process, _ = recording
    page = enter(chromium, process, 390, 844)
    for path in ("/", "/live", "/calibrate", "/devices"):
        page.goto(process.origin + path)
        if path == "/live":
            wait(page, "window.hfsLive && hfsLive.newest > 250")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a phone"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
            assert not [v for v in found if v[0] in ("serious", "critical")], (path, scheme)


HEARD = """(() => {
  window.heard = [];
  const tone = () => ({ frequency: {}, pan: {}, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} },
    connect: (next) => next, start: () => heard.push("tone"), stop() {} });
  window.AudioContext = class {
    currentTime = 0;
    destination = {};
    createOscillator = tone;
    createGain = tone;
    createStereoPanner = tone;
  };
  window.SpeechSynthesisUtterance = class { constructor(words) { this.words = words; } };
  Object.defineProperty(window, "speechSynthesis", { value: { cancel() {}, speak: (said) => heard.push(said.words) } });
})()"""


def test_a_spasm_is_heard_only_by_whoever_asks_for_it(chromium: Browser, recording: tuple[Process, Path]) -> None:
    """Sound and speech are replaced by ears that remember. Off: a spasm passes in silence; on: a tone and its side."""
    process, _ = recording
    page = enter(chromium, process)
    page.add_init_script(HEARD)
    page.goto(process.origin + "/live")
    spasm = "hfsLive.progress.some((p) => p.kind === 'spasm') || hfsLive.episodes.some((e) => e.kind === 'spasm')"
    wait(page, f"window.hfsLive && ({spasm})")
    assert page.evaluate("heard") == []
    page.click("text=Picture, sound, keys")
    page.check("#sound")
    page.check("#speech")
    wait(page, "heard.length >= 2")
    assert page.evaluate("heard.slice(0, 2)") == ["tone", "right"]


def test_a_page_on_which_nothing_is_recorded_says_so_and_nothing_of_a_simulation(
    chromium: Browser, hfs: Callable[..., Process], tmp_path: Path
) -> None:
    """Before the first session nobody knows whether it will be a simulated one; afterwards the session is one link away."""
    process = hfs("serve", "--port", "0", "--board", "sim:moderate-right?seed=7", "--store", str(tmp_path / "store"))
    page = enter(chromium, process)
    page.goto(process.origin + "/live")
    page.wait_for_selector("#start")
    assert not page.is_visible("#simulated")
    assert not page.is_visible("#trace-right")
    assert not page.is_visible("#running")
    page.fill("#start-subject", "S09")
    page.click("text=Start recording")
    wait(page, "window.hfsLive && hfsLive.newest > 250")
    assert page.is_visible("#simulated")
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    page.wait_for_selector("#after")
    page.click("text=what was found")
    page.wait_for_selector("h1:has-text('Simulated')")


def socket_of(process: Process, link: str) -> socket.socket:
    """A browser's socket, spoken by hand; the caller reads it, or does not."""
    with urllib.request.urlopen(link) as answer:
        cookie = answer.headers["set-cookie"].split(";")[0]
    host, port = re.fullmatch(r"http://(.+):(\d+)", process.origin).groups()  # type: ignore[union-attr]
    line = socket.create_connection((host, int(port)))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.sendall(
        f"GET /live/feed HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {process.origin}\r\nCookie: {cookie}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return line


def test_a_browser_that_stops_reading_slows_nobody(chromium: Browser, recording: tuple[Process, Path]) -> None:
    """One socket reads nothing at all, one sends what none may; the page beside them stays current, and nothing is lost."""
    process, store = recording
    page = enter(chromium, process)
    deaf, loud = (socket_of(process, invited(page, process)) for _ in range(2))
    loud.sendall(b"\x82\xfe\x20\x00" + struct.pack("<I", 0) + b"\x00" * 0x2000)  # twice what a message may hold
    page.goto(process.origin + "/live")
    wait(page, "window.hfsLive && hfsLive.newest > 0 && hfsLive.ageS !== undefined")
    page.wait_for_timeout(4000)
    wait(page, "hfsLive.ageS < 1", 20)
    deaf.close()
    loud.close()
    assert process.end() == 0
    (summary,) = Store(store).sessions()
    assert (summary.lost_samples, summary.state) == (0, "finished")


def test_a_server_that_is_killed_is_told_and_one_that_comes_back_asks_for_its_link(
    chromium: Browser, hfs: Callable[..., Process], tmp_path: Path
) -> None:
    board = ("--board", "sim:moderate-right?seed=7", "--store", str(tmp_path / "store"))
    first = hfs("serve", "--port", "0", *board)
    page = enter(chromium, first)
    assert page.url == first.origin + "/", "with nothing under way the store comes first"
    page.goto(first.origin + "/live")
    page.wait_for_selector("#start:not([hidden])")
    first.end(signal.SIGKILL)
    page.wait_for_selector("#problem:has-text('does not answer')")
    second = hfs("serve", "--port", first.origin.rpartition(":")[2], *board)
    page.wait_for_selector("#problem:has-text('has to be let in again')")
    page.goto(second.link)
    page.wait_for_url(lambda url: "/enter" not in url)  # the link's own page goes on by itself
    page.goto(second.origin + "/live")
    page.fill("#start-subject", "S09")
    page.click("text=Start recording")
    page.wait_for_selector("#running:not([hidden])")
    wait(page, "hfsLive.newest > 250")
    page.click("#pause")
    page.wait_for_selector("#paused:not([hidden])")
    page.click("#go-on")
    page.wait_for_selector("#running:not([hidden])")
    wait(page, "hfsLive.newest > 250")
    assert second.end() == 0
    kept = Store(tmp_path / "store").sessions("S09")
    assert [s.state for s in kept] == ["finished", "finished"]
    assert open_session(Path(kept[1].folder)).start.previous == kept[0].session


def test_a_dry_electrode_is_named_with_its_remedy_before_anybody_is_asked_to_sit_still(
    chromium: Browser, hfs: Callable[..., Process], tmp_path: Path
) -> None:
    process = hfs(
        "serve", "--port", "0", "--board", "sim:cooperative-electrodes?speed=virtual&seed=3",
        "--store", str(tmp_path / "store"),
    )  # fmt: skip
    page = enter(chromium, process)
    page.goto(process.origin + "/calibrate")
    page.fill("#subject", "S05")
    page.click("text=Begin")
    page.wait_for_selector("#problem:has-text('no good contact')")
    assert "Left orbicularis oculi, N: press or re-gel" in page.inner_text("#remedies")
    assert page.locator("#impedances td.bad").count() == 2
    assert not page.is_visible("#guide")
    assert not list((tmp_path / "store").glob("S05/calibration-*"))
    page.uncheck("#first")
    page.click("#begin button.first")
    guided = "!document.getElementById('guide').hidden || !document.getElementById('done').hidden"
    wait(page, f"{guided} || document.getElementById('problem').textContent.includes('rest')")


def test_a_patient_is_calibrated_on_a_page(chromium: Browser, hfs: Callable[..., Process], tmp_path: Path) -> None:
    """As fast as it goes: each electrode's impedance, then the sequence, then the levels that were measured."""
    process = hfs(
        "serve", "--port", "0", "--board", "sim:cooperative-left?speed=virtual", "--store", str(tmp_path / "store")
    )
    page = enter(chromium, process)
    page.goto(process.origin + "/calibrate")
    page.fill("#subject", "S05")
    page.click("text=Begin")
    page.wait_for_selector("#done")
    assert page.locator("#levels tr").count() == 8
    assert "Right orbicularis oculi" in page.inner_text("#levels")
    assert page.locator("#impedances td.good, #impedances td.fair").count() == 16
    assert page.inner_text("#impedances td >> nth=0").endswith("kΩ, good")
    assert process.end() == 0
    assert list((tmp_path / "store" / "S05").glob("calibration-*Z.json"))
