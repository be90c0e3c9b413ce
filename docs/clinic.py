"""Pictures of review, report and trend: `python -m docs.clinic [FOLDER]`. Of simulated sessions, taken by Chromium.

The trend's sessions are drawn as counts by `benchmarks.trend`; review and report show a recording of a simulated patient.
"""

from __future__ import annotations

import re
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from benchmarks.trend import TOXIN, drawn_course
from docs.pages import PICTURES, SCREEN, entered, program
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.formats import open_recording
from hfs_emg.report.whole import whole_report
from hfs_emg.session.store import Store
from hfs_emg.sessions import import_recording
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.trend.document import Trend, series_trend
from hfs_emg.trend.page import trend_html
from hfs_emg.trend.points import Alike, Series
from hfs_emg.trend.treatments import Treatments

MINUTES = 20


def patient(root: Path) -> Path:
    """A session of a simulated patient in a store."""
    path = root / "patient.bdf"
    write_recording(SimulatedFace(load_scenario("moderate-right"), seed=5), 60.0 * MINUTES, path)
    recording = open_recording(path)
    assert recording.montage is not None
    return import_recording(recording, Store(root / "store"), "S01", recording.montage, AnalysisSettings())[0]


def course() -> Trend:
    """Two cycles of one simulated subject."""
    rng = np.random.default_rng(8)
    _, first = drawn_course(rng)
    _, second = drawn_course(rng)
    level = np.mean([p.rate.value for p in first[:3]]) / np.mean([p.rate.value for p in second[:3]])
    later = [
        msgspec.structs.replace(
            p,
            session=f"{p.session}+168",
            at=p.at + timedelta(days=168),
            spasms=round(p.spasms * level),
            rate=msgspec.structs.replace(p.rate, **{n: getattr(p.rate, n) * level for n in ("value", "low", "high")}),
        )
        for p in second
        if p.at.date() > TOXIN.day
    ]
    again = msgspec.structs.replace(TOXIN, number=2, date=(TOXIN.day + timedelta(days=168)).isoformat())
    kept = [p for p in first if p.at < min(q.at for q in later)]
    series = Series(Alike(("8 channels",) * 8, 250.0, "drawn", "drawn"), (*kept, *later))
    treatments = Treatments((TOXIN, again))
    return Trend("hfs-emg/trend/1", "SIM", True, treatments.records, (series_trend(series, treatments),), (), ())


def main() -> None:
    """Take all pictures."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    found = shutil.which("chromium")
    if found is None:
        raise SystemExit("Pictures of pages are taken by Chromium: sudo apt install chromium")
    with TemporaryDirectory() as temporary, sync_playwright() as playwright:
        root = Path(temporary)
        session = patient(root)
        (root / "report.html").write_text(whole_report(Store(root / "store"), session)[1])
        (root / "trend.html").write_text(trend_html(course()))
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_context(**SCREEN).new_page()
        page.goto((root / "report.html").as_uri())
        page.screenshot(path=folder / "report.png", full_page=True)
        page.goto((root / "trend.html").as_uri())
        page.set_viewport_size({"width": SCREEN["viewport"]["width"], "height": 1190})
        page.screenshot(path=folder / "trend.png")
        with program("serve", store=root / "store") as link:
            page = entered(browser, link, f"/sessions/S01/{session.name}/review")
            page.set_viewport_size({"width": SCREEN["viewport"]["width"], "height": 800})
            page.fill("#reader", "R1")
            page.keyboard.press("Enter")
            page.wait_for_selector("#list tr", timeout=60_000)
            for key in "ccc":
                page.keyboard.press(key)
                page.wait_for_timeout(2000)
            # On to a group of spasms: twitches come first, being less certain.
            while not re.search("^spasm.*like it", page.inner_text("#event-title")):
                page.keyboard.press("n")
                page.wait_for_timeout(2000)
            page.wait_for_timeout(2000)
            page.screenshot(path=folder / "review.png")
        browser.close()


if __name__ == "__main__":
    main()
