"""A page in Chromium. `python -m view.browser URL SECONDS` prints when its pictures were decoded, as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from typing import Any

from view.pages import summary_of

__all__ = ["main", "missing"]

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=2400,1400"
).split()
PATIENCE_SECS = 30.0
WARM_UP_SECS = 2.0
START = """
const tile = airoView.largeTile();
airoView.inStep = false;
window.decoded = [];
window.painted = [];
for (const [meter, values] of [[tile.decoded, decoded], [tile.latency, painted]]) {
  const add = meter.add.bind(meter);
  meter.add = (value) => { values.push(value); add(value); };
}
window.begun = performance.now();
"""
RESULT = "return {decoded, painted, secs: (performance.now() - begun) / 1000, width: airoView.largeTile().canvas.width}"


def missing() -> str:
    """Return what is not there for this; empty if all is."""
    return " and ".join(name for name in ("chromium", "chromedriver") if shutil.which(name) is None)


def main() -> int:
    """Open the page and print what it saw."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    with tempfile.TemporaryDirectory() as profile:
        print(json.dumps(_watch(url, seconds, profile)), flush=True)
    return 0


def _watch(url: str, seconds: float, profile: str) -> dict[str, Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.binary_location = str(shutil.which("chromium"))
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(url)
        deadline = time.monotonic() + PATIENCE_SECS
        while not driver.execute_script("return window.airoView?.largeTile()?.head"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no picture within {PATIENCE_SECS:g} s")
            time.sleep(0.1)
        time.sleep(WARM_UP_SECS)
        driver.execute_script(START)
        time.sleep(seconds)
        result = driver.execute_script(RESULT)
    finally:
        driver.quit()
    return {
        "rate": len(result["painted"]) / result["secs"],
        "picture_width": result["width"],
        "decoded": summary_of(result["decoded"]),
        "painted": summary_of(result["painted"]),
    }


if __name__ == "__main__":
    sys.exit(main())
