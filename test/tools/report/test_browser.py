#!/usr/bin/env python3
"""The HTML report in a browser without a network: CHROMIUM is one, TENON the program.

With REPORT_PICTURES=folder a picture of each section is left there, to be looked at."""

import json
import os
import pathlib
import sys
import unittest

from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import models  # noqa: E402
import page  # noqa: E402
from tool_case import ToolCase  # noqa: E402

DIGITS = str(HERE.parents[2] / "examples/digits/digits.onnx")
VIEWS = ["overview", "passes", "diff", "graph", "memory", "kernels", "numbers", "remarks"]

# Calls `step(i)` once per frame; gives the times between frames and of the steps, in ms.
FRAMES = """async ({count, step}) => {
  const act = eval(step), frames = [], work = [];
  let last = performance.now();
  for (let i = 0; i < count; ++i) {
    const start = performance.now();
    act(i);
    await new Promise(done => requestAnimationFrame(() => { work.push(performance.now() - start); setTimeout(done); }));
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  const middle = list => list.sort((a, b) => a - b)[list.length >> 1];
  return {frame: middle(frames), work: middle(work)};
}"""


def busy():
    """Whether others use the machine so much that times say nothing."""
    return os.getloadavg()[0] > os.cpu_count()


class Browser(ToolCase):
    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, fragment="", scheme="light"):
        """A page that is offline and must not say anything."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 900}, offline=True, color_scheme=scheme)
        self.addCleanup(context.close)
        shown = context.new_page()
        said, asked = [], []
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto("file://" + self.path(name) + fragment)
        shown.wait_for_selector("html[data-ready]", state="attached")
        self.addCleanup(lambda: self.assertEqual((said, len(asked)), ([], 1), "no message, nothing loaded"))
        return shown

    def go(self, shown, fragment):
        shown.evaluate("to => { location.hash = to; }", fragment)
        shown.wait_for_timeout(120)

    def picture(self, shown, name):
        folder = os.environ.get("REPORT_PICTURES")
        if folder:
            shown.wait_for_timeout(300)
            shown.screenshot(path=os.path.join(folder, name + ".png"))

    def drawn(self, shown, selector):
        """How many colours a canvas has."""
        return shown.evaluate("""selector => {
          const canvas = document.querySelector(selector + ' canvas');
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(data.buffer)).size;
        }""", selector)

    def test_sections(self):
        self.tenon("debug", DIGITS, "--report=out.html")
        for scheme in ("light", "dark"):
            shown = self.open("out.html", scheme=scheme)
            self.assertIn("nothing found", shown.inner_text("#verdict").lower())
            for view in VIEWS:
                self.go(shown, "#" + view)
                self.assertEqual(shown.get_attribute("#main", "data-view"), view)
                self.assertTrue(shown.inner_text("#main").strip())
                self.picture(shown, f"{scheme}-{view}")
            self.go(shown, "#graph")
            self.assertGreater(self.drawn(shown, ".graph-box"), 8)
            self.go(shown, "#memory")
            self.assertGreater(self.drawn(shown, ".memory-box"), 8)
            self.go(shown, "#kernels")
            self.assertGreater(self.drawn(shown, ".roofline-box"), 8)
        self.assertEqual(shown.evaluate("getComputedStyle(document.body).colorScheme"), "light dark")

    def test_search(self):
        self.tenon("debug", DIGITS, "--report=out.html")
        shown = self.open("out.html")
        for query, kind, hash_part in (("pooled", "node", "#node=pooled"), ("winograd", "kernel", "#kernel="), ("tn.window", "text", "#diff=")):
            shown.keyboard.press("/")
            shown.keyboard.type(query)
            found = shown.locator(".result", has=shown.locator(".result-kind", has_text=kind)).first
            self.assertIn(query, found.inner_text())
            found.dispatch_event("pointerdown")
            self.assertIn(hash_part, shown.evaluate("location.hash"))
            shown.wait_for_timeout(150)
        self.go(shown, "#node=pooled")
        self.assertIn("pooled", shown.inner_text(".side"))
        self.assertIn("window", shown.inner_text(".side"))
        self.go(shown, "#remarks=c2")
        self.assertIn("winograd", shown.inner_text(".remark-list"))

    def test_diff(self):
        self.tenon("debug", DIGITS, "--report=out.html")
        shown = self.open("out.html", "#pass=winograd")
        self.assertIn("tn.winograd_conv", "".join(shown.locator(".change .side1, .insert .side1").all_inner_texts()))
        self.assertIn("tn.conv", "".join(shown.locator(".change .side0, .delete .side0").all_inner_texts()))
        self.assertGreater(shown.locator(".diff-row .s-op").count(), 0)
        self.assertEqual(shown.evaluate("tn.compare(tn.snapshot(1), tn.snapshot(1)).filter(row => row[2] !== 'same').length"), 0)
        # Both sides of a comparison are whole and in order, whatever the two programs are.
        self.assertTrue(shown.evaluate("""() => tn.data('snapshots').snapshots.every((_, a) => tn.data('snapshots').snapshots.every((_, b) => {
          const rows = tn.compare(tn.snapshot(a), tn.snapshot(b));
          const side = k => JSON.stringify(rows.map(row => row[k]).filter(i => i >= 0));
          return [a, b].every((s, k) => side(k) === JSON.stringify([...tn.snapshot(s).keys()]));
        }))"""))
        shown.locator(".diff-row.change, .diff-row.insert").first.click()
        self.assertIn("c2", shown.inner_text(".diff-detail"))

    def test_culprit(self):
        """A fault in a pass, planted in the data."""
        self.tenon("debug", DIGITS, "--report=out.html")
        made = page.read(self.path("out.html"))
        report = made.data["findings"]["report"]
        where = next(entry["name"] for entry in report["passes"] if entry["name"].endswith("-winograd"))
        report["finding"] = {"kind": "numbers", "where": where, "message": "result probabilities is off by 3.1e-01",
                             "nodes": ["c2"], "difference": 0.31, "tolerance": report["tolerance"], "output": "probabilities",
                             "rewrite": {"pattern": "UseWinograd", "step": 2, "steps": 5, "at": "%1 = tn.conv", "before": ["%1 = tn.conv"],
                                         "after": ["%1 = tn.winograd_conv"]}}
        at = [entry["name"] for entry in report["passes"]].index(where)
        report["passes"][at].update(error=0.31, errors=[0.31])
        for entry in report["passes"][at + 1:]:
            entry.pop("error", None)
            entry.pop("errors", None)
        with open(self.path("out.html"), encoding="utf-8") as file:
            text = file.read()
        begin = text.index('id="data-findings">') + len('id="data-findings">')
        end = text.index("</script>", begin)
        self.write("bad.html", (text[:begin] + json.dumps({"report": report}) + text[end:]).encode())
        shown = self.open("bad.html")
        verdict = shown.locator("#verdict.bad")
        self.assertIn(where, verdict.inner_text())
        self.assertIn("UseWinograd", verdict.inner_text())
        self.assertLess(verdict.bounding_box()["y"], 150, "the first thing to be seen")
        self.assertEqual(shown.locator(".pass.culprit-row").count(), 1)
        self.picture(shown, "culprit-overview")
        for view, mark in (("numbers", "tr.culprit-row"), ("passes", ".pass.culprit-row"), ("diff", ".diff-row.suspect")):
            self.go(shown, "#" + view)
            self.assertGreater(shown.locator(mark).count(), 0, view)
            self.picture(shown, "culprit-" + view)
        self.go(shown, "#graph")
        self.assertIn("culprit", shown.inner_text(".side"))
        self.picture(shown, "culprit-graph")

    def test_hostile_names(self):
        self.write("hostile.onnx", models.hostile())
        self.tenon("debug", "hostile.onnx", "--report=out.html")
        shown = self.open("out.html")
        for view in VIEWS:
            self.go(shown, "#" + view)
        self.assertNotEqual(shown.title(), "owned")
        self.assertEqual(shown.locator("img").count(), 0)
        for name in models.HOSTILE:
            shown.evaluate("name => tn.go('node', name)", name)
            shown.wait_for_timeout(60)
            self.assertEqual(shown.locator(".side h3").text_content(), name)

    def test_compile(self):
        self.tenon("compile", DIGITS, "-o", "m.so", "--report=out.html")
        shown = self.open("out.html")
        for view in VIEWS:
            self.go(shown, "#" + view)
            self.assertTrue(shown.inner_text("#main").strip())

    def test_ten_thousand_nodes(self):
        self.write("large.onnx", models.large())
        self.tenon("compile", "large.onnx", "--stop-after=memory", "-o", "m.mlirbc", "--report=out.html")
        self.assertLess(os.path.getsize(self.path("out.html")), 16 << 20)
        self.assertGreater(len(page.read(self.path("out.html")).data["graph"]["vertices"]), 10000)
        shown = self.open("out.html")
        took, computed = shown.evaluate("performance.now()"), self.computed(shown)
        self.assertLess(computed, 1.5, "seconds that the page computes until it is there")
        if not busy():
            self.assertLess(took, 3000, "ms from the start to the page")
        self.go(shown, "#pass=fuse")
        self.check_frames(shown, "i => { document.querySelector('.diff-body').scrollTop = i * 1500; }")
        self.picture(shown, "large-diff")
        self.go(shown, "#graph")
        self.picture(shown, "large-graph")
        shown.locator("button", has_text="Expand all").click()
        self.check_frames(shown, "i => { const view = tn.current; view.y -= 40; view.scale *= i % 2 ? 0.7 : 1.42; view.picture.schedule(); }")
        self.picture(shown, "large-graph-open")
        self.go(shown, "#memory")
        self.check_frames(shown, "i => tn.current.move(i * 10, 2000 - i * 10)")
        self.go(shown, "#kernels")
        self.check_frames(shown, "i => { document.querySelector('.kernel-list').scrollTop = i * 900; }")
        shown.keyboard.press("/")
        shown.keyboard.type("block777/act")
        self.assertIn("/stage1/layer38/block777/act", shown.locator(".result").first.inner_text())
        shown.keyboard.press("Enter")
        shown.wait_for_timeout(300)
        self.assertIn("block777", shown.inner_text(".side h3"))
        self.picture(shown, "large-node")

    def computed(self, shown):
        """Processor time of the page's thread so far, in seconds: what others do on the machine does not count."""
        session = shown.context.new_cdp_session(shown)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
        session.detach()
        return metrics["ThreadTime"]

    def check_frames(self, shown, step):
        """What a frame takes, drawn without a graphics processor."""
        count, before = 40, self.computed(shown)
        took = shown.evaluate(FRAMES, {"count": count, "step": step})
        self.assertLess((self.computed(shown) - before) / count, 0.03, step)
        if not busy():
            self.assertLess(took["work"], 33, step)
            self.assertLess(took["frame"], 100, step)


if __name__ == "__main__":
    unittest.main()
