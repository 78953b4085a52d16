"""A person at a real browser: goes to pages, types, clicks, and lets axe look."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from report.browser import DEADLINE_S, Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
RULES = json.dumps({"resultTypes": ["violations"], "iframes": False})


class _InContext:
    """The browser, with new tabs in one cookie jar."""

    def __init__(self, owner: Browser, context: dict[str, str]) -> None:
        self._owner, self._context = owner, context

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        return self._owner.call(method, session, **params, **(self._context if method == "Target.createTarget" else {}))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)


class Surfer(Page):
    """One tab on the service at `base`. A `private` one shares no cookie with the others."""

    def __init__(self, owner: Browser, base: str, private: bool = False, **look: Any) -> None:
        self._context = {"browserContextId": owner.call("Target.createBrowserContext")["browserContextId"]} if private else {}
        super().__init__(_InContext(owner, self._context), **look)  # type: ignore[arg-type]
        self.base = base

    def go(self, path: str) -> None:
        """Open a path and wait until it has loaded."""
        self.browser.events.clear()
        self.call("Page.navigate", url=self.base + path)
        self._loaded()

    def fill(self, **fields: str) -> None:
        """Type into inputs by name; a dash of the name is written as two underscores."""
        for name, value in fields.items():
            self.ask(f"document.querySelector('[name=\"{name.replace('__', '-')}\"]').value = {json.dumps(value)}")

    def choose(self, **fields: str) -> None:
        """Pick from lists, or tick boxes, by name and value."""
        for name, value in fields.items():
            box = f"document.querySelector('[name=\"{name}\"][value={json.dumps(value)}]')"
            self.ask(f"{box} && {box}.type ? {box}.checked = true : document.querySelector('[name=\"{name}\"]').value = {json.dumps(value)}")

    def upload(self, name: str, file: Path) -> None:
        found = self.call("Runtime.evaluate", expression=f"document.querySelector('[name=\"{name}\"]')")["result"]
        self.call("DOM.setFileInputFiles", files=[str(file)], objectId=found["objectId"])

    def press(self, text: str) -> None:
        """Click the button or link that reads so, and wait for the page that follows."""
        self.until("document.readyState === 'complete'")  # or the end of a page that is just being loaded anew would pass for the one that follows
        self.browser.events.clear()
        found = f"[...document.querySelectorAll('button, a')].find(e => e.textContent.trim() === {json.dumps(text)})"
        assert self.ask(f"!!{found}"), f"nothing reads {text!r} on {self.ask('location.pathname')}"
        self.ask(f"{found}.click()")
        self._loaded()

    def press_in(self, form: str) -> None:
        """Send the form that this selector finds, or press the button that it names, and wait for the page that follows."""
        self.until("document.readyState === 'complete'")
        self.browser.events.clear()
        found = f"document.querySelector({json.dumps(form)})"
        assert self.ask(f"!!{found}"), f"nothing is {form!r} on {self.ask('location.pathname')}"
        self.ask(f"{found}.requestSubmit ? {found}.requestSubmit() : {found}.click()")
        self._loaded()

    def key(self, name: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def until(self, expression: str, seconds: float = DEADLINE_S) -> None:
        """Wait until the page says so."""
        deadline = time.monotonic() + seconds
        while not self.ask(expression):
            assert time.monotonic() < deadline, f"{expression} did not come true: {self.text()[:500]}"
            time.sleep(0.1)

    def until_it_says(self, words: str) -> None:
        """Wait for words; a page that is just being loaded anew has no body."""
        self.until(f"(document.body?.innerText ?? '').includes({json.dumps(words)})")

    def text(self) -> str:
        return str(self.ask("document.body?.innerText ?? ''"))

    def axe(self) -> list[str]:
        """What axe finds wrong with the page as it stands: rule and place."""
        self.ask(AXE.read_text(encoding="utf-8") + "; true")
        answer = self.call(
            "Runtime.evaluate",
            expression=f"axe.run(document, {RULES}).then(r => JSON.stringify(r.violations))",
            awaitPromise=True,
            returnByValue=True,
        )
        found = json.loads(answer["result"]["value"])
        return [f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}" for one in found for node in one["nodes"]]

    def sideways(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.ask("document.documentElement.scrollWidth - innerWidth"))

    def _loaded(self) -> None:
        self.browser.wait_for("Page.loadEventFired")
