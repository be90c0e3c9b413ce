"""What the live page costs, and how it runs on a phone: `python -m benchmarks.web`, about a minute and a half.

The program records a simulated patient in real time; its CPU time is read from /proc over the same number of seconds with no browser and
with one, and set against the seconds of signal. In Chromium, whose processor is slowed down as the developer tools do it, frames drawn per
second, the share of the main thread and the age of the picture are counted. On a machine that is busy with something else the figures are
those of a slower machine.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.live import cpu_s
from benchmarks.measure import resident_mb
from docs.pages import PATIENT, entered, program

SCREEN = {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1}
"""A million pixels. Where a browser has no graphics processor, as on a server, a sharper screen costs frames that it costs no phone."""
SECONDS = 12
THROTTLES = (1, 4, 6)
FRAMES = """new Promise(done => {
  let n = 0; const begin = performance.now();
  const count = now => { n++; now - begin < 5000 ? requestAnimationFrame(count) : done(1000 * n / (now - begin)); };
  requestAnimationFrame(count);
})"""


def recorder() -> int:
    """The process that was started last by this one."""
    return int(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()[-1])


def share(pid: int) -> float:
    """Per cent of one core over some seconds."""
    began, before = time.monotonic(), cpu_s(pid)
    time.sleep(SECONDS)
    return 100 * (cpu_s(pid) - before) / (time.monotonic() - began)


def in_browser(page: Any, throttle: int) -> tuple[float, float, float]:
    """Frames per second, per cent of the main thread, median age of the picture in s."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    tools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.wait_for_timeout(1500)

    def busy_s() -> float:
        metrics = {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    began, before = time.monotonic(), busy_s()
    frames = float(page.evaluate(FRAMES))
    busy = 100 * (busy_s() - before) / (time.monotonic() - began)
    ages = []
    for _ in range(20):
        ages.append(float(page.evaluate("hfsLive.ageS")))
        page.wait_for_timeout(50)
    return frames, busy, statistics.median(ages)


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    with program("record", "--web", "--board", PATIENT, "--subject", "BENCH", "--duration", "300") as link:
        pid = recorder()
        time.sleep(10)
        alone = share(pid)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = entered(browser, link, "/live", SCREEN)
            page.set_viewport_size({"width": 390, "height": 844})
            page.wait_for_timeout(3000)
            watched = share(pid)
            print(
                f"recorder, emulated board and analysis: {alone:.1f} % of a core without a browser, {watched:.1f} % with one,"
            )
            print(
                f"{resident_mb(pid):.0f} MB resident; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
            )
            for throttle in THROTTLES:
                frames, busy, age_s = in_browser(page, throttle)
                sys.stdout.write(
                    f"browser slowed {throttle} times: {frames:.0f} frames/s, main thread {busy:.0f} %, picture {age_s:.2f} s old\n"
                )
            browser.close()


if __name__ == "__main__":
    main()
