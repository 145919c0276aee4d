"""toon-live as its users run it: a real process, for the tests of preview, service and commands."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.sink import PreviewSink

# What must happen happens at once on an idle machine. This is for a busy one, times PATIENCE for an emulated processor.
PATIENCE_S = 120 * float(os.environ.get("PATIENCE", "1"))


def wait_for(condition):
    """Ask until the answer is true, and give it back."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (answer := condition()):
        assert time.monotonic() < deadline_s, "it never came to that"
        time.sleep(0.05)
    return answer


class LiveProcess:
    """A running toon-live with a preview; from the first moment it takes signals."""

    def __init__(self, *flags, **options):
        command = [sys.executable, "-m", "facetoon.edge_runtime", *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.log = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        alarm = threading.Timer(PATIENCE_S, self.process.kill)
        alarm.start()
        self.greeting = self.process.stdout.readline()
        alarm.cancel()
        address = re.search(r"https?://\S+", self.greeting)
        if address is None:
            pytest.fail(f"toon-live did not start: {self.end()}")
        self.url = address[0]

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)

    def state(self):
        """The answer of /api/state."""
        with urllib.request.urlopen(f"{self.url}/api/state", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def shows(self, count):
        """Wait until so many frames were shown in all."""
        wait_for(lambda: self.state()["frames"] >= count)

    def logs(self, words):
        """Wait until a line of the log holds these words."""
        wait_for(lambda: any(words in line for line in list(self.log)))

    def end(self, number=signal.SIGTERM):
        """Its output from the first line, and its log. The exit status is `process.returncode`."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        with self.process.stdout:
            printed = self.process.stdout.read()
        self._reader.join(PATIENCE_S)
        self.process.stderr.close()
        return printed, "".join(self.log)


@pytest.fixture
def sink():
    """The preview's sink, without a server."""
    preview = PreviewSink()
    yield preview
    preview.close()


class FakeLive:
    """A live loop that only records its calls."""

    def __init__(self):
        self.settings = {"model": "a", "strength": 1.0}
        self.running, self.stalled, self.ended = True, False, False

    def state(self):
        stages = {"latency": {"p50_ms": 12.5, "p95_ms": 20.0}}
        return {
            "running": self.running, "stalled": self.stalled, "ended": self.ended, "source": "test",
            "frames": 3, "dropped": 1, "losses": 0, "faces": 2, "hint": "",
            "frames_per_second": 29.5, "stages": stages, "settings": self.settings, "styles": ["ink"],
            "outputs": [{"name": 'the recording "a".mp4', "fault": "No space left on device",
                         "since": "2026-01-01T00:00:10+00:00", "lost": 7}],
            "models": [{"name": "a", "styles": ["ink"]}, {"name": "b", "styles": []}],
        }  # fmt: skip

    def change(self, values):
        strength = values.get("strength")
        if set(values) - {"strength"} or not isinstance(strength, float | int) or not 0 <= strength <= 1:
            raise InputError("The strength is a number from 0 to 1.")
        self.settings.update(values)


@pytest.fixture
def live():
    return FakeLive()


@pytest.fixture
def app(sink, live):
    """The preview's app over the sink and a live loop that only records its calls."""
    from facetoon.edge_runtime.preview.app import create_app

    return create_app(sink, live)


@pytest.fixture
def start_live():
    """Start toon-live with these flags. It is stopped even when the test fails."""
    started = []

    def start(*flags, **options):
        started.append(LiveProcess(*flags, **options))
        return started[-1]

    yield start
    for live in started:
        if live.process.poll() is None:
            live.process.kill()
            live.end()


@pytest.fixture
def full_disk():
    """No file may be larger than half a megabyte, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="session")
def wait_until():
    """The function `wait_for`."""
    return wait_for


@pytest.fixture(scope="session")
def patience_s():
    """Seconds to wait for a state before the test fails."""
    return PATIENCE_S


@pytest.fixture
def open_browser(needs_program, tmp_path):
    """Open a further headless Chromium with cookies of its own, driven by selenium."""
    from selenium import webdriver

    drivers = []

    def open_one():
        options = webdriver.ChromeOptions()
        options.binary_location = needs_program("chromium", "chromium")
        profile = tmp_path / f"profile-{len(drivers)}"
        for flag in (
            "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
            "disable-component-update", "disable-sync", "window-size=1100,900", f"user-data-dir={profile}",
        ):  # fmt: skip
            options.add_argument(f"--{flag}")
        options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "downloads")})
        service = webdriver.ChromeService(needs_program("chromedriver", "chromium-driver"))
        drivers.append(webdriver.Chrome(options, service))
        return drivers[-1]

    yield open_one
    for driver in drivers:
        driver.quit()


@pytest.fixture
def browser(open_browser):
    """A headless Chromium."""
    return open_browser()
