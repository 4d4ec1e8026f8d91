#!/usr/bin/env python3
"""What --report puts into its file: TENON is the program."""

import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import models  # noqa: E402
import onnx_bytes as ob  # noqa: E402
import page  # noqa: E402
from tool_case import ToolCase  # noqa: E402

SECTIONS = ["findings", "graph", "kernels", "memory", "names", "remarks", "snapshots", "summary"]
DIGITS = str(HERE.parents[2] / "examples/digits/digits.onnx")


class Report(ToolCase):
    def report(self, *arguments, code=0):
        self.tenon(*arguments, "--report=out.html", code=code)
        return page.read(self.path("out.html"))

    def check_alone(self, made):
        self.assertEqual(sorted(made.data), SECTIONS)
        self.assertEqual((made.scripts, made.sources), (1, []))

    def test_debug(self):
        made = self.report("debug", DIGITS)
        self.check_alone(made)
        report = made.data["findings"]["report"]
        self.assertIsNone(report["finding"])
        self.assertEqual(len(report["kernel_errors"]), report["kernels"])
        self.assertEqual([output["name"] for output in report["outputs"]], ["probabilities"])
        for entry in report["passes"]:
            self.assertEqual(len(entry.get("errors", [])), entry["changed"], entry)
        kernels = made.data["kernels"]
        self.assertEqual(len(kernels["steps"]), report["kernels"])
        self.assertTrue(all(step["seconds"] > 0 for step in kernels["steps"]))
        self.assertGreater(kernels["machine"]["flops"], 1e8)
        self.assertGreater(sum(entry["seconds"] for entry in made.data["snapshots"]["passes"]), 0)

    def test_programs_are_those_of_the_dump(self):
        made = self.report("compile", DIGITS, "--stop-after=memory", "-o", "m.mlir", "--dump-dir=dump", "--remarks", "--json")
        self.check_alone(made)
        snapshots = made.data["snapshots"]
        files = sorted(name for name in os.listdir(self.path("dump")) if name.endswith(".mlir"))
        self.assertEqual([entry["changed"] for entry in snapshots["passes"]], [".unchanged" not in name for name in files])
        for entry, name in zip(snapshots["passes"], files):
            if not entry["changed"]:
                continue
            dumped = [re.findall(r"\btn\.(?!stage)\w+", line)
                      for line in self.read("dump/" + name).decode().split("\n") if not line.startswith("#")]
            shown = [re.findall(r"\btn\.(?!stage)\w+", line)
                     for line in page.text_of(snapshots, entry["snapshot"])]
            self.assertEqual(sum(shown, []), sum(dumped, []), name)

    def test_programs_share_lines(self):
        """A pass that changes little adds few lines, and values keep their names."""
        self.write("large.onnx", models.large(blocks=40))
        snapshots = self.report("compile", "large.onnx", "--stop-after=memory", "-o", "m.mlir").data["snapshots"]
        texts = [page.text_of(snapshots, i) for i in range(len(snapshots["snapshots"]))]
        self.assertLess(len(snapshots["lines"]), 0.7 * sum(map(len, texts)))
        for text in texts:
            for name in re.findall(r"^\s*(%\S+) =", "\n".join(text), re.MULTILINE):
                self.assertRegex(name, r"^%[A-Za-z_][\w.$-]*(:\d+)?$")
        self.assertTrue(any("%stage0.layer0.block1.softmax" in line for line in texts[0]))

    def test_names_stay_through_fusion_and_planning(self):
        snapshots = self.report("compile", DIGITS, "--stop-after=memory", "-o", "m.mlir").data["snapshots"]
        after = {entry["name"]: [line.strip() for line in page.text_of(snapshots, entry["snapshot"])]
                 for entry in snapshots["passes"]}
        # The body of the kernel is what stood there before, up to reshapes around it.
        lines = [line for line in after["winograd"] if line.startswith(("%r1.relu =", "%r2.relu =", "%c2.winograd_conv ="))]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertIn(line, after["fuse"])
            self.assertIn(line, after["plan-memory"])

    def test_graph_and_kernels(self):
        made = self.report("compile", DIGITS, "-o", "m.so")
        graph, names = made.data["graph"], made.data["names"]["names"]
        kinds = [graph["kinds"][vertex[0]] for vertex in graph["vertices"]]
        by_name = {names[vertex[1]]: (kind, vertex[2]) for vertex, kind in zip(graph["vertices"], kinds)}
        self.assertEqual(kinds.count("input"), 1)
        self.assertEqual(kinds.count("output"), 1)
        steps = made.data["kernels"]["steps"]
        for node in ("c1", "c2", "d1"):
            kernel = by_name[node][1]
            self.assertIn(node, [names[n] for n in steps[kernel]["nodes"]])
            self.assertIn(steps[kernel]["template"], ("contraction", "winograd"))
        edges = list(zip(graph["edges"][::2], graph["edges"][1::2]))
        self.assertTrue(all(a < b < len(kinds) for a, b in edges), "in program order")
        self.assertTrue(made.data["kernels"]["note"])

    def test_memory(self):
        memory = self.report("compile", DIGITS, "-o", "m.so").data["memory"]
        described = json.loads(self.tenon("inspect", "m.so", "--json").stdout)
        self.assertEqual((memory["arena"], memory["lower_bound"]), (described["arena_bytes"], described["arena_lower_bound"]))
        self.assertEqual(memory["steps"], described["steps"])
        for i, (begin, end, first, last, _, _) in enumerate(memory["buffers"]):
            self.assertTrue(0 <= begin < end <= memory["arena"] and 0 <= first <= last < memory["steps"])
            for other in memory["buffers"][:i]:
                both = max(begin, other[0]) < min(end, other[1]) and max(first, other[2]) <= min(last, other[3])
                self.assertFalse(both, "buffers that are alive at once do not overlap")
        peak = max(sum(end - begin for begin, end, first, last, *_ in memory["buffers"] if first <= step <= last)
                   for step in range(memory["steps"]))
        # The plan counts in lines of 64 bytes.
        self.assertLess(abs(peak - memory["lower_bound"]), 64 * len(memory["buffers"]))

    def test_hostile_names(self):
        self.write("hostile.onnx", models.hostile())
        made = self.report("debug", "hostile.onnx")
        self.check_alone(made)
        self.assertNotIn("img", made.elements)
        self.assertNotIn("owned", made.title)
        for name in models.HOSTILE:
            self.assertIn(name, made.data["names"]["names"])
        self.write("bytes.onnx", ob.model([ob.node("Tanh", ["x"], ["y"], b"\xff\xfe</script>")], [ob.value_info("x", [4])],
                                          [ob.value_info("y", [4])]))
        self.tenon("debug", "bytes.onnx", "--report=bytes.html", code=self.imports("bytes.onnx"))
        name = "</script><b>.onnx"
        os.mkdir(self.path("<"))
        self.write(name, models.hostile())
        made = self.report("compile", name, "-o", "m.so")
        self.check_alone(made)
        self.assertIn("b>.onnx", made.title)
        self.assertNotIn("b", made.elements)

    def imports(self, path):
        """The exit code with which the model is compiled without a report."""
        return subprocess.run([os.environ["TENON"], "compile", path, "-o", "x.so"], cwd=self.folder.name,
                              capture_output=True).returncode

    def test_what_was_found(self):
        self.write("log.onnx", ob.model([ob.node("Log", ["x"], ["l"], "/block/log"), ob.node("Exp", ["l"], ["y"], "/block/exp")],
                                        [ob.value_info("x", [4])], [ob.value_info("y", [4])]))
        self.write("x.bin", struct.pack("<4f", 1, 2, -2, 3))
        made = self.report("debug", "log.onnx", "--input=x=@x.bin", code=5)
        finding = made.data["findings"]["report"]["finding"]
        self.assertEqual((finding["kind"], finding["nodes"]), ("not-finite", ["/block/log"]))
        made = self.report("debug", DIGITS, "--time-limit=0.000001", code=5)
        self.assertEqual(made.data["findings"]["report"]["finding"]["kind"], "hang")
        self.assertTrue(made.data["kernels"] == {} or made.data["kernels"]["note"])

    def test_nothing_partial_is_left(self):
        self.write("noise.onnx", b"\xff" * 100)
        before = self.files()
        self.tenon("debug", "noise.onnx", "--report=out.html", code=3)
        self.tenon("debug", DIGITS, "--report=nosuch/out.html", code=4)
        self.tenon("compile", DIGITS, "-o", "m.so", "--report=nosuch/out.html", code=4)
        self.assertEqual(sorted(set(self.files()) - {"m.so"}), before)


if __name__ == "__main__":
    unittest.main()
