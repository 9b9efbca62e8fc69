"""A headless Chromium, driven over the pipe of its debugging protocol: no port, no driver, no library."""
import base64
import fcntl
import json
import os
import queue
import shutil
import subprocess
import threading
import time

from . import hosts, wait

READS, WRITES = 3, 4  # the descriptors that --remote-debugging-pipe uses

# The pages are our own and the user has no rights; a sandbox would need namespaces that containers do not give.
SWITCHES = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en"]


class Browser:
    """Runs as user postgres where the test itself is: every host is in reach, nothing else."""

    def __init__(self, directory):
        if not shutil.which("chromium"):
            raise AssertionError("chromium is not installed: tools/setup")
        home = os.path.join(directory, "chromium")
        os.makedirs(home)
        shutil.chown(home, "postgres", "postgres")
        from_test, self.to_browser = os.pipe()
        self.from_browser, to_test = os.pipe()

        def connect():
            hosts.die_with_parent()
            # Out of the way first: either may already have a number that is wanted.
            ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (from_test, to_test)]
            os.dup2(ends[0], READS)
            os.dup2(ends[1], WRITES)

        with open(os.path.join(directory, "chromium.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "chromium", *SWITCHES,
                 f"--user-data-dir={home}", "about:blank"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=connect, close_fds=False,
                env={"PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8", "TZ": "UTC"})
        os.close(from_test)
        os.close(to_test)
        self.lock = threading.Lock()
        self.last = 0
        self.answers = {}
        self.pages = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while chunk := os.read(self.from_browser, 65536):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.answers.pop(message["id"]).put(message)
                elif page := self.pages.get(message.get("sessionId")):
                    page.happened(message["method"], message["params"])

    def command(self, method, session=None, seconds=30, **parameters):
        with self.lock:
            self.last += 1
            message = {"id": self.last, "method": method, "params": parameters}
            answer = self.answers[self.last] = queue.Queue()
            if session:
                message["sessionId"] = session
            os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        try:
            reply = answer.get(timeout=seconds)
        except queue.Empty:
            raise wait.Timeout(f"the browser does not answer {method} within {seconds} s") from None
        if "error" in reply:
            raise AssertionError(f"{method}: {reply['error']}")
        return reply["result"]

    def open(self, url, width=1280, height=900):
        """A page of its own; returns at once, what is on it is to be waited for."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        self.pages[page.session] = page
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.command(f"{domain}.enable")
        page.resize(width, height)
        page.command("Page.navigate", url=url)
        return page

    def close(self):
        self.process.kill()
        self.process.wait()


class Page:
    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.requests = []   # (time, method, URL)
        self.complaints = []  # of the console: exceptions, violations of the policy
        self.dialogs = []    # alert() and the like

    def happened(self, method, data):
        if method == "Network.requestWillBeSent":
            self.requests.append((time.monotonic(), data["request"]["method"], data["request"]["url"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(data["exceptionDetails"].get("exception", {}).get("description", str(data)))
        elif method == "Runtime.consoleAPICalled" and data["type"] == "error":
            self.complaints.append(" ".join(str(one.get("description", one.get("value"))) for one in data["args"]))
        elif method == "Log.entryAdded" and data["entry"]["source"] != "network":
            self.complaints.append(data["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(data["message"])

    def command(self, method, **parameters):
        return self.browser.command(method, session=self.session, **parameters)

    def resize(self, width, height, phone=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def to_front(self):
        """Another page that is opened hides this one."""
        self.command("Page.bringToFront")

    def prefer(self, scheme):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression):
        """What a JavaScript expression gives, as JSON has it."""
        reply = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise AssertionError(f"{expression}: {reply['exceptionDetails']['exception'].get('description')}")
        return reply["result"].get("value")

    def text(self, selector="body"):
        return self.value(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText).join('\\n')")

    def click(self, words):
        """The one button in sight that begins with these words; while a dialog is open one of its own."""
        self.value("(words => { const found = [...(document.querySelector('dialog[open]') || document).querySelectorAll('button')].filter(b => b.innerText.startsWith(words)"
                   " && b.offsetParent && !b.disabled); if (found.length !== 1) throw new Error(`${found.length} buttons: ${words}`);"
                   f" found[0].click(); }})({json.dumps(words)})")

    def fill(self, selector, value):
        self.value(f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change')); }})"
                   f"(document.querySelector({json.dumps(selector)}))")

    def screenshot(self, path, whole=True):
        picture = self.command("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(picture))
