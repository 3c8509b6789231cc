"""A real Chromium without a window, driven by selenium."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

WAIT_SECS = 60.0
ARTEFACTS = Path(os.environ.get("AIRO_VIEW_PICTURES", Path(__file__).resolve().parents[4] / "build/view"))
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1440,900"
).split()


def why_not_here() -> str:
    """Return why there is no browser for the tests; empty if there is one."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (apt install chromium chromium-driver)" if missing else ""


class Chromium:
    """A browser with a profile of its own.

    Args:
        profile: folder for it.
    """

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.binary_location = str(shutil.which("chromium"))
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_script_timeout(WAIT_SECS)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *error: object) -> None:
        self.driver.quit()

    def run(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; `return` gives a value."""
        return self.driver.execute_script(code, *arguments)

    def until(self, code: str, *arguments: Any) -> Any:
        """Wait until JavaScript gives something that is true, and return it."""
        deadline = time.monotonic() + WAIT_SECS
        while True:
            value = self.run(code, *arguments)
            if value:
                return value
            assert time.monotonic() < deadline, f"never true: {code} {self.complaints()} {self.summary()}"
            time.sleep(0.02)

    def summary(self) -> str:
        """Return what the page says of its cameras."""
        return str(
            self.run(
                "return window.airoView ? JSON.stringify([...airoView.tiles.values()]"
                ".map((t) => [t.name, t.state, t.numbers()])) : document.body.innerText"
            )
        )

    def press(self, key: str) -> None:
        """Press a key."""
        self.run("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))", key)

    def resize(self, width: int, height: int, *, is_phone: bool = False, scale: float = 1.0) -> None:
        """Set the size of the page, px."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Prefer light or dark, as the system of a user would."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def keep_picture(self, name: str) -> Path:
        """Save what is seen, for people to look at."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path

    def complaints(self) -> list[str]:
        """Return errors and warnings of the page since the last call."""
        entries = self.driver.get_log("browser")
        return [json.dumps(entry["message"]) for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
