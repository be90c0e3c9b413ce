"""Pictures of the live pages, for README.md and docs/web.md: `make pictures`, or `python -m docs.pages FOLDER`.

They are taken by Chromium from the program itself while it records a simulated patient: nothing in them is drawn by hand.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PICTURES = Path(__file__).with_name("pictures")
SCREEN = {"viewport": {"width": 1120, "height": 740}, "device_scale_factor": 1.5, "color_scheme": "light"}
"""A small laptop: its letters can still be read where a picture is shown smaller, and are sharp where it is not."""
PATIENT = "sim:moderate-right?seed=7"
COOPERATIVE = "sim:cooperative-left"
SPASM_SHOWN = """(() => {
  const last = hfsLive.episodes.filter(e => e.kind === "spasm").pop();
  const behind = last ? hfsLive.head / hfsLive.rateHz - last.end_s : -1;
  const whole = hfsLive.ring.steps.every((step) => step !== -32768);
  const shown = whole && hfsLive.head > 40 * hfsLive.rateHz && behind > 0.5 && behind < 3;
  if (shown) document.getElementById("freeze").click();
  return shown;
})()"""
"""A spasm lies shortly behind the sweep, and nothing of the window was too much for the browser: the picture is held then."""


@contextmanager
def program(*arguments: str, store: Path | None = None) -> Iterator[str]:
    """The program with pages, over a store or one of its own; gives the link."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [
            sys.executable,
            "-m",
            "hfs_emg",
            *arguments,
            "--port",
            "0",
            "--store",
            str(store or f"{folder}/store"),
        ]
        with log.open("w") as out:
            running = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            until = time.monotonic() + 60
            while (link := re.search(r"http\S+token=\S+", log.read_text())) is None:
                if running.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"The pages did not start: {log.read_text()}")
                time.sleep(0.1)
            yield link[0]
        finally:
            running.terminate()
            running.wait()


def entered(browser: Any, link: str, path: str, screen: dict[str, Any] | None = None) -> Any:
    """A page that was let in, there. screen: another than the pictures'."""
    page = browser.new_context(**(screen or SCREEN)).new_page()
    page.set_default_timeout(120_000)
    page.goto(link)
    page.wait_for_url(lambda url: "/enter" not in url)  # the link's own page goes on by itself
    page.goto(link.split("/enter", maxsplit=1)[0] + path)
    return page


def live(browser: Any, path: Path) -> None:
    """A spasm of the simulated patient, some moments ago."""
    with program("record", "--web", "--board", PATIENT, "--subject", "DEMO", "--duration", "300") as link:
        page = entered(browser, link, "/live")
        until = time.monotonic() + 280
        while not page.evaluate(f"window.hfsLive && hfsLive.ring && {SPASM_SHOWN}"):
            if time.monotonic() > until:
                raise SystemExit("No spasm was seen whole: this computer is too busy for a picture now.")
            page.wait_for_timeout(200)
        page.screenshot(path=path)


def calibrate(browser: Any, path: Path) -> None:
    """The second task of a calibration, asked for now."""
    with program("serve", "--board", COOPERATIVE) as link:
        page = entered(browser, link, "/calibrate")
        page.fill("#subject", "DEMO")
        page.uncheck("#first")
        page.click("text=Begin")
        page.wait_for_selector("#guide[data-phase=do] >> text=2 of 4")
        page.screenshot(path=path)


def main() -> None:
    """Take all pictures."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    found = shutil.which("chromium")
    if found is None:
        raise SystemExit("Pictures of pages are taken by Chromium: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        live(browser, folder / "live.png")
        calibrate(browser, folder / "calibrate.png")
        browser.close()


if __name__ == "__main__":
    main()
