"""Looking into models and the compiler, from outside: checks, explanations, remarks, traces. See docs/observing.md."""

import glob
import json
import os
import re
import shutil
import subprocess
import unittest

import onnx_bytes as ob
from cli_case import TENON, CommandLineCase, npy


class Observing(CommandLineCase):
    # ---- Checks ----

    def log_model(self, *inner):
        nodes = [ob.node("MatMul", ["x", "w"], ["a"], "mix"), ob.node("Log", ["a"], ["b"], "take/log"),
                 ob.node("Softmax", ["b"], ["y"], "weigh")]
        return ob.model(nodes, [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 8])],
                        [ob.tensor("w", [8, 8], [float(i % 9 == 0) for i in range(64)])])

    def test_check_values(self):
        self.write("log.onnx", self.log_model())
        good = [1.0 + i for i in range(32)]
        for name, x in {"good": good, "nan": good[:21] + [-1.0] + good[22:], "inf": good[:5] + [0.0] + good[6:],
                        "given": good[:3] + [float("nan")] + good[4:]}.items():
            self.write(name + ".npy", npy(x, (4, 8)))
        for kind in ("nan", "all"):
            self.tenon("compile", "log.onnx", f"--check={kind}", "-o", "m.so")
            self.tenon("compile", "log.onnx", "-o", "plain.so")
            # The results of the plain artifact, where nothing is wrong or the inputs were.
            for name in ("good", "given"):
                self.tenon("run", "plain.so", "--input", f"x=@{name}.npy", "--output", "y=@y.npy")
                self.tenon("run", "m.so", "--input", f"x=@{name}.npy", "--expect", "y=@y.npy", "--rtol=0", "--atol=0")
            error = self.tenon("run", "m.so", "--input", "x=@nan.npy", code=4).stderr
            self.assertRegex(error, r"of mix, take/log: output 0 at \[2, 5\] is NaN, and no input has one")
            error = self.tenon("run", "m.so", "--input", "x=@inf.npy", code=4).stderr
            self.assertRegex(error, r"of mix, take/log: output 0 at \[0, 5\] is infinite, and no input is")
        self.tenon("run", "plain.so", "--input", "x=@nan.npy")
        self.assertIn("checks values and bounds", self.tenon("inspect", "m.so").stdout)
        self.tenon("compile", "log.onnx", "--check=everything", code=2)

    def test_check_bounds(self):
        nodes = [ob.node("MatMul", ["x", "w"], ["a"], "first"), ob.node("Softmax", ["a"], ["b"], "second"),
                 ob.node("MatMul", ["b", "v"], ["c"], "third"), ob.node("Add", ["c", "a"], ["y"], "fourth")]
        self.write("two.onnx", ob.model(nodes, [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 16])],
                                        [ob.tensor("w", [8, 16], [0.1] * 128), ob.tensor("v", [16, 16], [0.1] * 256)]))
        self.tenon("compile", "two.onnx", "--check=bounds", "--dump-dir=passes", "-o", "good.so")
        dump = glob.glob(self.path("passes/*-memory-plan-memory.mlir"))[0]
        self.tenon("run", "good.so", "--random-inputs")
        # A planner that puts the second buffer into the band behind the first.
        text = self.read(dump)
        self.assertEqual(text.count(b"%arg0[12544]"), 2)
        self.write("bad.mlir", text.replace(b"%arg0[12544]", b"%arg0[8320]"))
        self.tenon("compile", "bad.mlir", "--check=bounds", "-o", "bad.so")
        error = self.tenon("run", "bad.so", "--random-inputs", code=4).stderr
        self.assertRegex(error, r"step 1, .*of second: wrote outside of a buffer: 3969 bytes behind the end of the "
                                r"result of first \(256 bytes\)")
        self.tenon("compile", "two.onnx", "--stop-after=memory", "-o", "unguarded.mlir")
        error = self.tenon("compile", "unguarded.mlir", "--check=bounds", "-o", "m.so", code=1).stderr
        self.assertIn("start from a stage before 'memory'", error)

    def test_checked_objects_in_one_program(self):
        for name in ("one", "two"):
            self.tenon("compile", "linear.onnx", "-o", name + ".o", "--name=" + name, "--check=all")
            self.assertEqual(subprocess.check_output(["nm", "-u", name + ".o"], cwd=self.folder.name), b"")
        subprocess.check_call(["ld", "-r", "one.o", "two.o", "-o", "both.o"], cwd=self.folder.name)

    # ---- Explanations ----

    def write_branches(self):
        nodes = [ob.node("MatMul", ["x", "w"], ["a"], "first"), ob.node("Softmax", ["a"], ["b"], "second"),
                 ob.node("MatMul", ["b", "v"], ["c"], "third"), ob.node("Add", ["c", "a"], ["d"], "fourth"),
                 ob.node("Shape", ["d"], ["s"], "size"), ob.node("Reshape", ["d", "s"], ["y"], "same")]
        self.write("branches.onnx", ob.model(nodes, [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 16])],
                                             [ob.tensor("w", [8, 16], [0.1] * 128), ob.tensor("v", [16, 16], [0.1] * 256)]))

    def test_explain(self):
        self.write_branches()
        report = json.loads(self.tenon("explain", "branches.onnx", "--node=fourth", "--json", "--measure").stdout)
        self.assertEqual((report["node"], report["operator"]), ("fourth", "Add"))
        self.assertEqual([(p["stage"], p["pass"]) for p in report["passes"]],
                         [("import", ""), ("fuse", "tn-fuse"), ("schedule", "tn-schedule"), ("memory", "tn-plan-memory")])
        self.assertIn("tn.add", report["passes"][0]["operations"][0])
        self.assertIn("tn.kernel of template contraction: tn.add with tn.contract; together with third",
                      report["passes"][1]["operations"][0])
        self.assertRegex(report["passes"][-1]["operations"][0], r"reads arena\[\d+\], arena\[\d+\], weights\[\d+\], writes y$")
        self.assertEqual([step["nodes"] for step in report["steps"]], [["third", "fourth"]])
        self.assertEqual(report["steps"][0]["flops"], 2 * 4 * 16 * 16 + 64)
        self.assertGreater(report["steps"][0]["seconds"], 0)
        self.assertLess(report["steps"][0]["share"], 1)
        self.assertIn("the result of tn.contract has 2 readers", " ".join(r["message"] for r in report["remarks"]))
        text = self.tenon("explain", "branches.onnx", "--node", "c").stdout # a value stands for its node
        self.assertIn("node third (MatMul)", text)
        text = self.tenon("explain", "branches.onnx", "--node", "size").stdout
        self.assertIn("no kernel computes it when the model runs", text)
        error = self.tenon("explain", "branches.onnx", "--node", "secnd", code=2).stderr
        self.assertIn("similar names are:\n  second\n", error)
        self.tenon("explain", "nosuch.onnx", "--node", "a", code=4)
        self.tenon("explain", "nosuch.so", "--node", "a", code=2)
        self.tenon("explain", "branches.onnx", code=2)

    def test_remarks(self):
        self.write_branches()
        lines = self.tenon("compile", "--remarks", "branches.onnx", "-o", "m.so").stdout.splitlines()
        self.assertIn("passed fuse: third, fourth: tn.contract, tn.add are one kernel of template contraction", lines)
        self.assertIn("missed fuse: second, third: tn.softmax and tn.contract are not one kernel: tn.contract reads its "
                      "operands from memory, each element several times", lines)
        only = self.tenon("compile", "--remarks=f?urth", "branches.onnx", "-o", "m.so").stdout.splitlines()
        self.assertEqual(only, [line for line in lines if "fourth" in line])
        report = json.loads(self.tenon("compile", "--remarks=second", "--json", "branches.onnx", "-o", "m.so").stdout)
        self.assertEqual({(r["kind"], r["pass"], r["name"]) for r in report["remarks"]}, {("missed", "fuse", "apart")})
        self.assertTrue(all("second" in r["nodes"] for r in report["remarks"]))
        self.tenon("compile", "--remarks=[", "branches.onnx", "-o", "m.so", code=2)
        # With the module on the standard output they go elsewhere.
        done = self.tenon("compile", "--remarks", "branches.onnx", "--stop-after=fuse", "-o", "-")
        self.assertNotIn("missed", done.stdout)
        self.assertIn("missed fuse", done.stderr)
        # They change nothing.
        self.tenon("compile", "branches.onnx", "-o", "plain.so")
        self.tenon("compile", "branches.onnx", "-o", "m.so", "--remarks")
        self.assertEqual(self.read("plain.so"), self.read("m.so"))

    def test_schedule_remarks(self):
        self.write_branches()

        def remarks(*flags):
            done = self.tenon("compile", "branches.onnx", "-o", "m.so", "--remarks=first", "--json", *flags)
            return [r for r in json.loads(done.stdout)["remarks"] if r["pass"] == "schedule"]

        chosen = remarks()
        self.assertEqual([(r["name"], r["nodes"]) for r in chosen], [("chosen", ["first"])] * 2)
        targets, costs, keys = zip(*(re.fullmatch(
            r"(x86-64-v\d): [a-z_0-9= ]+, estimated at ([\d.]+) rows of multiply-adds; others: (?:[a-z_0-9= ]+ \+[\d.]+%(?:, )?)+"
            r"; kernel ([0-9a-f]{16})", r["message"]).groups() for r in chosen))
        self.assertEqual(sorted(targets), ["x86-64-v3", "x86-64-v4"])
        self.assertEqual(len(set(keys)), 1)
        # A schedule that lost, from a file.
        message = chosen[0]["message"]
        entries = dict(re.findall(r"(\w+)=(\d+)", message.split(",")[0]))
        entries.update(re.findall(r"(\w+)=(\d+)", re.search("others: ([^%]*)%", message)[1]))
        book = {"version": 1, "schedules": [{"kernel": keys[0], "target": targets[0],
                                             "schedule": {key: int(value) for key, value in entries.items()}}]}
        self.write("book.json", json.dumps(book).encode())
        measured = remarks("--schedules=book.json", "--target=" + targets[0])
        self.assertEqual([r["name"] for r in measured], ["measured"])
        self.assertIn("as the schedule file says, estimated at", measured[0]["message"])

    # ---- Names for debuggers ----

    def symbols(self, artifact):
        text = subprocess.check_output(["nm", artifact], cwd=self.folder.name, text=True)
        return sorted(re.findall(r"^[0-9a-f]+ [tT] (tn_k\w+)$", text, re.MULTILINE))

    def test_symbols(self):
        self.write_branches()
        self.tenon("compile", "branches.onnx", "-o", "m.so", "--target=x86-64-v3")
        names = self.symbols("m.so")
        self.assertEqual({re.sub(r"k\d+_", "", name) for name in names},
                         {"tn_contraction_of_first_x86_64_v3", "tn_rows_of_second_x86_64_v3",
                          "tn_contraction_of_third_x86_64_v3"})
        self.assertEqual(len(names), len(set(names)))
        for suffix in ("o", "a"):
            self.tenon("compile", "branches.onnx", "-o", "m." + suffix, "--target=x86-64-v3")
            self.assertEqual(self.symbols("m." + suffix), names)

    def test_symbols_of_hostile_names(self):
        evil = ["a/b.c:d", "a b c d", "\"; rm -rf /\n$(x)", "\u00e9\u4e16", "x" * 100000, "", "__", "%s%n"]
        nodes, weights = [], []
        for i, name in enumerate(evil):
            weights.append(ob.tensor(f"w{i}", [8 + i, 9 + i], [0.1] * ((8 + i) * (9 + i))))
            nodes.append(ob.node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"], name))
        self.write("evil.onnx", ob.model(nodes, [ob.value_info("x0", [4, 8])],
                                         [ob.value_info(f"x{len(evil)}", [4, 8 + len(evil)])], weights))
        self.tenon("compile", "evil.onnx", "-o", "m.so")
        names = self.symbols("m.so")
        self.assertEqual(len(set(names)), 2 * len(evil))
        for name in names:
            self.assertRegex(name, r"^tn_k\d+_contraction(_of_[A-Za-z0-9_]{1,48})?_x86_64_v[34]$")
        self.assertEqual(len([name for name in names if "a_b_c_d" in name]), 4)
        self.assertEqual(len([name for name in names if "x" * 48 in name]), 2)

    def test_gdb_shows_nodes(self):
        if not shutil.which("gdb"):
            self.skipTest("there is no gdb")
        self.tenon("compile", "linear.onnx", "-o", "m.so", "-mcpu=native")
        (name,) = self.symbols("m.so")
        self.assertIn("_of_multiply_", name)
        done = subprocess.run(["gdb", "-batch", "-nx", "-ex", "set breakpoint pending on", "-ex", "set debuginfod enabled off",
                               "-ex", f"break {name}", "-ex", "run", "-ex", "bt", "--args", TENON, "run", "m.so",
                               "--random-inputs", "--threads=1"], cwd=self.folder.name, capture_output=True, text=True,
                              timeout=120)
        if "ptrace" in done.stderr or "not permitted" in done.stderr:
            self.skipTest("this machine lets nobody debug")
        self.assertRegex(done.stdout, rf"#0 .* in {name} ")
        self.assertIn("tn_context_run", done.stdout)

    # ---- Traces ----

    def read_trace(self, name):
        trace = json.loads(self.read(name))
        runs = [event for event in trace["traceEvents"] if event.get("cat") == "run"]
        return runs, [event for event in trace["traceEvents"] if event.get("cat") == "kernel"]

    def test_trace(self):
        name = 'say "hi" \\ \u4e2d'
        self.write("named.onnx", ob.model([ob.node("MatMul", ["x", "w"], ["t"], name), ob.node("Relu", ["t"], ["y"], "clip")],
                                          [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 3])],
                                          [ob.tensor("w", [8, 3], [0.5] * 24)]))
        self.tenon("compile", "named.onnx", "-o", "m.so")
        self.tenon("run", "m.so", "--random-inputs", "--trace=t.json")
        runs, kernels = self.read_trace("t.json")
        self.assertEqual([run["args"] for run in runs], [{"model": "named", "status": "ok"}])
        self.assertEqual([kernel["args"]["nodes"] for kernel in kernels], [[name, "clip"]])
        self.assertEqual(kernels[0]["args"]["template"], "contraction")
        self.assertEqual(kernels[0]["args"]["flops"], 2 * 4 * 8 * 3 + 12)
        for kernel in kernels:
            self.assertGreaterEqual(kernel["ts"], runs[0]["ts"])
            self.assertLessEqual(kernel["ts"] + kernel["dur"], runs[0]["ts"] + runs[0]["dur"] + 0.001)
        self.tenon("bench", "m.so", "--runs=5", "--seconds=0", "--trace=b.json", "--threads=1")
        self.assertEqual(len(self.read_trace("b.json")[0]), 6)
        for path in ("nosuch/t.json", ".", "/dev/full"):
            self.assertIn(path, self.tenon("run", "m.so", "--random-inputs", "--trace=" + path, code=4).stderr)

    def test_trace_by_environment(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        self.tenon("run", "m.so", "--random-inputs", env={**os.environ, "TN_TRACE": "t.json"})
        self.assertEqual(len(self.read_trace("t.json")[0]), 1)
        # A trace that can't be written is said, and does not stop the run.
        done = self.tenon("run", "m.so", "--random-inputs", env={**os.environ, "TN_TRACE": "nosuch/t.json"})
        self.assertIn("warning: cannot write the trace nosuch/t.json: No such file", done.stderr)
        self.assertIn("y: f32[4, 3]", done.stdout)


if __name__ == "__main__":
    unittest.main()
