"""Chromium without a window, driven over a pipe by its DevTools protocol: what a visitor does, and what is seen."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39}
PATIENCE = 60  # seconds


class Browser:
    """A browser with one page; it ends when it is left.

    Parameters
    ----------
    profile : pathlib.Path
        A folder of its own.
    options : str
        More of its command line.
    """

    def __init__(self, profile, *options):
        self.profile, self.options = profile, options
        self.events, self._number, self._held = [], 0, b""

    def __enter__(self):
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def at_3_and_4():  # where it looks for the pipe
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
        command += ["--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *self.options]
        self._process = subprocess.Popen(
            command, preexec_fn=at_3_and_4, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self._open_tab()
        return self

    def _open_tab(self):
        self._tab = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=self._tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.tell(f"{domain}.enable")

    def close_tab(self):
        """Close the page as a visitor does; another, empty one is there for the next."""
        left = self._tab
        self._open_tab()
        self.call("Target.closeTarget", targetId=left)

    def __exit__(self, *_):
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close")
        self._process.terminate()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def call(self, method, session=None, **parameters):
        """Ask the browser, and wait for its answer."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        os.write(self._write, json.dumps(asked | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            message = self._next(PATIENCE)
            assert message is not None, f"no answer to {method}"
            if message.get("id") == self._number:
                assert "error" not in message, (method, message)
                return message["result"]

    def tell(self, method, **parameters):
        """As `call`, of the page."""
        return self.call(method, self._session, **parameters)

    def _next(self, seconds):
        """The next message, which is kept where it tells of an event; None after `seconds`."""
        while b"\0" not in self._held:
            if not select.select([self._read], [], [], seconds)[0]:
                return None
            more = os.read(self._read, 1 << 20)
            assert more, "the browser has ended"
            self._held += more
        line, _, self._held = self._held.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append(message)
        return message

    def told(self, method):
        """The parameters of all events of a kind so far."""
        return [each["params"] for each in self.events if each["method"] == method]

    def wait_for_event(self, method):
        """The last event of a kind; where there is none yet, the one to come."""
        end = time.monotonic() + PATIENCE
        while not self.told(method):
            assert time.monotonic() < end, f"no {method}"
            self._next(1)
        return self.told(method)[-1]

    def value(self, script):
        """What a script (an expression, or a promise) gives."""
        found = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, (script, found)
        return found["result"].get("value")

    def wait(self, script):
        """Wait until a script gives something true, and give it."""
        end = time.monotonic() + PATIENCE
        while not (found := self.value(script)):
            assert time.monotonic() < end, (script, self.value("document.body.innerText"))
            time.sleep(0.05)
        return found

    def wait_for(self, condition):
        """Wait until something outside the page is so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    def open(self, url, width=1100, height=1000):
        """Open a page in a window of that size, as a phone does where it is narrow."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", **size)
        self.tell("Page.navigate", url=url)

    def drop(self, path, selector):
        """Drop a file on an element."""
        x, y = self._middle(selector)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.tell("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def click(self, selector):
        """Click an element."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def _middle(self, selector):
        script = f"""(() => {{ const node = document.querySelector({json.dumps(selector)});
            node.scrollIntoView({{block: "center"}}); const box = node.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
        return self.value(script)

    def press(self, key):
        """Press a key."""
        text = {"Enter": "\r", " ": " "}.get(key)
        told = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
        self.tell("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": text} if text else {}))
        self.tell("Input.dispatchKeyEvent", type="keyUp", **told)

    def tab_to(self, selector, most=40):
        """Press Tab until an element has the focus."""
        for _ in range(most):
            self.press("Tab")
            if self.value(f"document.activeElement.matches({json.dumps(selector)})"):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    def picture(self, path):
        """Take a picture of the whole page."""
        size = self.tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
