"""Words that are scripts – in markers, notes, reasons, names of boards, treatments – stay words on every page, in a real browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from rooms import Process

sys.path.append(str(Path(__file__).parents[1] / "review"))
from sessions_to_review import episode, session_of

SCRIPT = "<img src=x onerror=\"document.title='broken'\"></td></p><script>document.title='broken'</script>"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A session whose every text is a script."""
    episodes = [episode(n, 4.0 * n, reason=SCRIPT, confidence=0.6) for n in range(1, 9)]
    folder = session_of(tmp_path / "store", episodes, 60, markers=[(500, SCRIPT)])
    start = json.loads((folder / "start.json").read_text())
    start["board"]["title"] = SCRIPT
    start["notes"] = [SCRIPT]
    (folder / "start.json").write_text(json.dumps(start))
    return folder


def test_no_text_of_a_session_runs_on_any_page(chromium: Browser, hfs: Callable[..., Process], hostile: Path) -> None:
    process = hfs("serve", "--port", "0", "--store", str(hostile.parent.parent))
    page = chromium.new_context().new_page()
    page.set_default_timeout(60_000)
    page.on("dialog", lambda dialog: pytest.fail(f"a script spoke: {dialog.message}"))
    page.goto(process.link)
    page.wait_for_url(lambda url: "/enter" not in url)  # the link's own page goes on by itself
    subject, session = f"{process.origin}/subjects/P014", f"{process.origin}/sessions/P014/{hostile.name}"

    page.goto(f"{subject}/treatments")
    page.fill("[name=date]", "2026-01-02")
    for name in ("what", "dose", "sites", "note"):
        page.fill(f"[name={name}]", SCRIPT)
    page.click("text=Note it")
    shown = {"treatments": page.inner_text("main")}
    for name, path in (("session", session), ("trend", f"{subject}/trend"), ("report", f"{session}/report")):
        page.goto(path)
        page.wait_for_selector("h1 >> nth=0")
        if name == "report":
            page.wait_for_selector(".facts >> text=Recorded")
        shown[name] = page.inner_text("main")
        assert "broken" not in page.title()
    page.goto(f"{session}/review")
    page.fill("#reader", "R1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list tr")
    shown["review"] = page.inner_text("#event-reason")
    page.wait_for_timeout(300)
    assert page.title() == f"Review {hostile.name} – hfs-emg"
    for name, text in shown.items():
        assert "document.title='broken'" in text, f"{name} does not show the words"
