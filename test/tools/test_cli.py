"""The command line from outside: exit codes, what is left behind, what objects contain.

TENON_RUNTIME_ARCHIVE is the static runtime, TENON_INCLUDE the folder of its headers.
"""

import glob
import io
import json
import math
import os
import pathlib
import re
import resource
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zipfile

import onnx_bytes as ob
from cli_case import TENON, TENON_OPT, CommandLineCase, convolutions, npy, read_npy

CC = os.environ.get("CC", "cc")


def code_offset(image):
    """Where the executable segment of an ELF file begins."""
    table, count = struct.unpack("<Q", image[32:40])[0], struct.unpack("<H", image[56:58])[0]
    for at in range(table, table + 56 * count, 56):
        kind, flags, offset = struct.unpack("<IIQ", image[at:at + 16])
        if kind == 1 and flags & 1:
            return offset
    raise ValueError("no code")


def reference(x, rows=4, inner=8, columns=3):
    weights = [((7 * i) % 11 - 5) / 8 for i in range(inner * columns)]
    return [max(0.0, sum(x[r * inner + k] * weights[k * columns + c] for k in range(inner)))
            for r in range(rows) for c in range(columns)]


class CommandLine(CommandLineCase):
    def compile_fails(self, model, code, *arguments, output="out.so"):
        """Compiling fails with a code and leaves no file; returns the messages."""
        before = self.files()
        done = self.tenon("compile", model, "-o", output, *arguments, code=code)
        self.assertEqual(self.files(), before)
        return done.stderr

    # ---- Usage ----

    def test_usage(self):
        self.assertIn("tenon 0", self.tenon("--version").stdout)
        self.assertIn("Examples", self.tenon("compile", "--help").stdout)
        for arguments in [(), ("nonsense",), ("compile",), ("compile", "a.onnx", "--nonsense"),
                          ("compile", "linear.onnx", "--target=z80"), ("compile", "linear.onnx", "--shape", "x"),
                          ("compile", "linear.onnx", "--shape", "nosuch:1x2"), ("compile", "linear.onnx", "--dim", "b=2"),
                          ("compile", "linear.onnx", "--stop-after=lunch"), ("compile", "linear.onnx", "--memory-limit=x")]:
            self.tenon(*arguments, code=2)

    # ---- Bad models ----

    def test_missing_and_malformed(self):
        self.compile_fails("nosuch.onnx", 4)
        self.write("noise.onnx", bytes(range(256)) * 4)
        self.compile_fails("noise.onnx", 3)
        self.write("truncated.onnx", ob.linear()[:-20])
        self.compile_fails("truncated.onnx", 3)

    def test_missing_external_data(self):
        weights = ob.tensor("w", [8, 3], external={"location": "gone.bin", "offset": 0, "length": 96})
        self.write("external.onnx", ob.model([ob.node("MatMul", ["x", "w"], ["y"])], [ob.value_info("x", [4, 8])],
                                             [ob.value_info("y", [4, 3])], [weights]))
        self.assertIn("gone.bin", self.compile_fails("external.onnx", 4))

    def test_cycle(self):
        self.write("cycle.onnx", ob.model([ob.node("Add", ["x", "b"], ["a"], "first"), ob.node("Relu", ["a"], ["b"], "second")],
                                          [ob.value_info("x", [4])], [ob.value_info("b", [4])]))
        self.compile_fails("cycle.onnx", 3)

    def test_all_unsupported_operators_are_listed(self):
        nodes = [ob.node("Frobnicate", ["x"], ["a"], "n1", "my.domain"), ob.node("Relu", ["x"], ["r"]),
                 ob.node("Defenestrate", ["r"], ["b"], "n2", "my.domain")]
        data = ob.model(nodes, [ob.value_info("x", [4])], [ob.value_info("a", [4]), ob.value_info("b", [4])])
        data += ob.text(8, ob.text(1, "my.domain") + ob.number(2, 1))
        self.write("unknown.onnx", data)
        message = self.compile_fails("unknown.onnx", 1)
        report = self.tenon("inspect", "unknown.onnx").stdout
        found = json.loads(self.tenon("inspect", "unknown.onnx", "--json").stdout)["unsupported"]
        self.assertEqual(len(found), 2)
        for name in ("Frobnicate", "Defenestrate", "n1", "n2"):
            self.assertIn(name, message)
            self.assertIn(name, report)

    def test_open_dimension(self):
        self.write("batch.onnx", ob.linear(batch="batch"))
        self.assertIn("batch", self.compile_fails("batch.onnx", 1))
        self.tenon("compile", "batch.onnx", "--dim", "batch=4", "-o", "a.so")
        self.tenon("compile", "batch.onnx", "--shape", "x:4x8", "-o", "b.so")

    # ---- Output ----

    def test_output_errors(self):
        self.compile_fails("linear.onnx", 4, output="model.xyz")
        self.compile_fails("linear.onnx", 4, output="nosuch/model.so")
        self.compile_fails("linear.onnx", 4, output="/proc/model.so")
        self.compile_fails("linear.onnx", 4, output="/dev/null")
        os.mkdir(self.path("folder.so"))
        self.compile_fails("linear.onnx", 4, output="folder.so")

    def test_full_disk(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
        # The linker's own files need room in the temporary folder, which the limit covers as well.
        self.write("deep.onnx", ob.deep(3, 64))
        before = self.files()
        for output in ("out.so", "out.o", "out.a", "out.mlir"):
            self.tenon("compile", "deep.onnx", "-o", output, code=4, preexec_fn=limit)
            self.assertEqual(self.files(), before)

    def test_existing_output_survives_a_failure(self):
        self.write("out.so", b"precious")
        self.tenon("compile", "nosuch.onnx", "-o", "out.so", code=4)
        self.assertEqual(self.read("out.so"), b"precious")

    def test_interrupt(self):
        self.write("deep.onnx", ob.deep())
        before = self.files()
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for output in ("deep.so", "deep.a"):
                process = subprocess.Popen([TENON, "compile", "deep.onnx", "--kernel-cache=off", "-o", output], cwd=self.folder.name,
                                           stderr=subprocess.DEVNULL)
                deadline = time.time() + 60
                while self.files() == before and time.time() < deadline:
                    time.sleep(0.02)
                time.sleep(0.2)
                process.send_signal(number)
                self.assertEqual(process.wait(30), code)
                self.assertEqual(self.files(), before)

    def test_crash_and_limits(self):
        done = self.tenon("compile", "linear.onnx", "-o", "out.so", "--test-failure=crash:fuse", code=70)
        self.assertIn("fuse", done.stderr)
        [reproducer] = glob.glob(self.path("tenon-crash-linear-*"))
        folder = os.path.basename(reproducer)
        self.assertIn(b"--test-failure=crash:fuse", self.read(folder + "/command.sh"))
        self.assertIn(b"tn.contract", self.read(folder + "/after-layout.mlir"))
        # The commands that it names do replay it: the whole, and the stage, which is sound here.
        self.assertIn(f"replay it by: sh {folder}/command.sh\n", done.stderr)
        with tempfile.TemporaryDirectory() as bin:
            os.symlink(TENON, bin + "/tenon")
            again = subprocess.run(["sh", folder + "/command.sh"], cwd=self.folder.name, capture_output=True, text=True,
                                   env={**os.environ, "PATH": bin + ":" + os.environ["PATH"]})
        self.assertEqual(again.returncode, 70, again.stderr)
        command = done.stderr.split("the stage alone: tenon-opt ")[1].split()
        self.assertEqual(command, [folder + "/after-layout.mlir", "--tn-fuse-stage=winograd=4"])
        self.assertIn(b"tn.kernel", subprocess.check_output([TENON_OPT, *command], cwd=self.folder.name))
        self.compile_fails("linear.onnx", 6, "--test-failure=hang:graph", "--time-limit=0.5")
        self.compile_fails("linear.onnx", 6, "--test-failure=grow:graph", "--memory-limit=600M")

    def test_same_bytes(self):
        os.mkdir(self.path("elsewhere"))
        self.write("elsewhere/linear.onnx", ob.linear())
        for kind in ("so", "o", "a", "mlir", "mlirbc", "ll", "s"):
            self.tenon("compile", "linear.onnx", "--kernel-cache=off", "-o", "one." + kind)
            self.tenon("compile", "elsewhere/linear.onnx", "--kernel-cache=off", "-o", "two." + kind)
            self.assertEqual(self.read("one." + kind), self.read("two." + kind), kind)

    def test_stages(self):
        self.assertIn("tn.kernel", self.tenon("compile", "linear.onnx", "--stop-after=fuse", "-o", "-").stdout)
        self.tenon("compile", "linear.onnx", "--dump-dir", "passes", "-o", "out.so")
        dumped = sorted(os.listdir(self.path("passes")))
        self.assertTrue(any(name.endswith(".unchanged.mlir") for name in dumped))
        self.assertTrue(dumped[0].startswith("00-import"))
        self.tenon("compile", "linear.onnx", "--stop-after=memory", "-o", "memory.mlir")
        self.tenon("compile", "memory.mlir", "-o", "again.so")
        self.check_runs("again.so")

    def test_every_dump_goes_back_in(self):
        digits = str(pathlib.Path(__file__).resolve().parents[2] / "examples/digits/digits.onnx")
        self.tenon("compile", digits, "--dump-dir", "passes", "-o", "whole.so", "--name=digits")
        dumped = [name for name in sorted(os.listdir(self.path("passes"))) if name.endswith(".mlir")]
        changed = [name for name in dumped if not name.endswith(".unchanged.mlir")]
        self.assertGreater(len(changed), 5)
        for name in changed:
            with self.subTest(name):
                self.tenon("compile", "passes/" + name, "-o", "again.so", "--name=digits")
                self.assertEqual(self.read("again.so"), self.read("whole.so"))

    def test_tenon_opt_takes_dumps(self):
        digits = str(pathlib.Path(__file__).resolve().parents[2] / "examples/digits/digits.onnx")
        self.tenon("compile", digits, "--dump-dir", "passes", "-o", "whole.so")
        changed = sorted(path for path in glob.glob(self.path("passes/*.mlir")) if ".unchanged." not in path)
        stages = ["graph", "raise", "layout", "fuse", "schedule", "memory"]

        def text(path, done):
            pipeline = ",".join(f"tn-{stage}-stage" for stage in stages[done:])
            out = subprocess.check_output([TENON_OPT, path, "--mlir-print-debuginfo", f"--pass-pipeline=builtin.module({pipeline})"])
            return re.sub(rb"module attributes \{[^\n]*\} \{", b"module {", out)

        # From the end of every stage on the passes do what they do in the compiler: the weights are found.
        expected = text(changed[-1], len(stages))
        for done in range(len(stages)):
            reached = ["import.mlir", *stages][: done + 1]
            path = [p for p in changed if os.path.basename(p).split("-")[1] in reached][-1]
            with self.subTest(path):
                self.assertEqual(text(path, done), expected)

    def test_weight_files(self):
        digits = str(pathlib.Path(__file__).resolve().parents[2] / "examples/digits/digits.onnx")
        self.tenon("compile", digits, "--stop-after=graph", "-o", "graph.mlirbc")
        self.tenon("compile", "graph.mlirbc", "-o", "m.so")
        weights = self.read("graph.tnw")
        for size in (7, 24, 100, len(weights) - 200):
            self.write("graph.tnw", weights[:size])
            self.assertIn("graph.tnw", self.tenon("compile", "graph.mlirbc", "-o", "bad.so", code=3).stderr)
        self.write("graph.tnw", b"TNWEIGHT" + b"\xff" * 16 + weights)
        self.tenon("compile", "graph.mlirbc", "-o", "bad.so", code=3)
        os.unlink(self.path("graph.tnw"))
        self.assertIn("weight file", self.tenon("compile", "graph.mlirbc", "-o", "bad.so", code=1).stderr)
        self.assertNotIn("bad.so", os.listdir(self.path(".")))

    # ---- Running ----

    def check_runs(self, artifact):
        x = [(i % 7 - 3) / 4 for i in range(32)]
        self.write("x.npy", npy(x, (4, 8)))
        self.write("y.npy", npy(reference(x), (4, 3)))
        self.tenon("run", artifact, "--input", "x=@x.npy", "--output", "y=@got.npy", "--expect", "y=@y.npy")
        for got, wanted in zip(read_npy(self.read("got.npy")), reference(x)):
            self.assertAlmostEqual(got, wanted, 5)

    def test_run(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        self.check_runs("m.so")
        self.check_runs("linear.onnx")
        wrong = reference(list(struct.unpack("<32f", self.read("x.npy")[-128:])))
        wrong[7] += 0.5
        self.write("wrong.npy", npy(wrong, (4, 3)))
        done = self.tenon("run", "m.so", "--input", "x=@x.npy", "--expect", "y=@wrong.npy", code=5)
        self.assertIn("1 of 12 elements differ; worst at [2, 1]", done.stdout)
        self.assertIn("y: f32[4, 3]", self.tenon("run", "m.so", "--random-inputs").stdout)
        self.tenon("run", "m.so", code=2)
        self.tenon("run", "m.so", "--input", "z=zeros", code=2)
        self.tenon("run", "m.so", "--input", "x=ones", code=2)
        self.tenon("run", "nosuch.so", "--input", "x=zeros", code=4)

    def test_run_with_bad_values(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        good = npy([0.0] * 32, (4, 8))
        cases = {"shape.npy": npy([0.0] * 16, (2, 8)), "rank.npy": npy([0.0] * 32, (32,)),
                 "type.npy": npy([0.0] * 32, (4, 8), "<f8"), "short.npy": good[:-1], "head.npy": good[:30],
                 "empty.npy": b"", "x.bin": b"123", "noise.npz": b"PK\5\6" + bytes(18), "x.txt": b"1",
                 "huge.npy": npy([], (1 << 40, 1 << 40)), "x.pb": b"\xff\xff\xff"}
        for name, data in cases.items():
            self.write(name, data)
            self.tenon("run", "m.so", "--input", f"x=@{name}", code=4)
        self.tenon("run", "m.so", "--input", "x=@nosuch.npy", code=4)

    def test_infinities_in_tiles(self):
        """Winograd's algorithm spreads what is not finite over a tile, the definition over a filter's window only."""
        channels, size, row, column, tile = 64, 56, 20, 33, 6
        self.write("conv.onnx", convolutions(channels, size, layers=1))
        plane = size * size
        values = [((3 * i) % 13 - 6) / 8 for i in range(channels * plane)]
        self.write("clean.npy", npy(values, (1, channels, size, size)))
        values[row * size + column] = float("inf")
        self.write("bad.npy", npy(values, (1, channels, size, size)))

        def result(name, algorithm):
            self.tenon("compile", "conv.onnx", "-q", "-o", "m.so", f"--winograd={algorithm}")
            self.tenon("run", "m.so", "--input", f"x0=@{name}.npy", "--output", "x1=@got.npy")
            return read_npy(self.read("got.npy"))

        direct = result("bad", "off")
        for algorithm, reach in ("off", 1), ("auto", tile - 1):
            clean, bad = result("clean", algorithm), result("bad", algorithm)
            touched = 0
            for i, (x, y) in enumerate(zip(clean, bad)):
                distance = max(abs(i % plane // size - row), abs(i % size - column))
                if distance > reach:
                    self.assertEqual(x, y)
                    self.assertAlmostEqual(y, direct[i], 3)
                touched += not math.isfinite(y)
            self.assertGreater(touched, channels)

    def test_npz(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w", method) as file:
                file.writestr("x.npy", npy([0.5] * 32, (4, 8)))
            self.write("all.npz", archive.getvalue())
            self.write("y.npy", npy(reference([0.5] * 32), (4, 3)))
            for value in ("@all.npz", "x=@all.npz", "x=@all.npz:x"):
                self.tenon("run", "m.so", "--input", value, "--expect", "y=@y.npy")
            self.tenon("run", "m.so", "--input", "x=@all.npz:z", code=4)
            for cut in (10, 60, 100):
                self.write("cut.npz", archive.getvalue()[cut:])
                self.tenon("run", "m.so", "--input", "@cut.npz", code=4)

    # ---- Artifacts ----

    def test_damaged_artifact(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        whole = self.read("m.so")
        code = code_offset(whole)
        for name, data in {"empty.so": b"", "noise.so": bytes(4096), "half.so": whole[:len(whole) // 2],
                           "code.so": whole[:code] + bytes([whole[code] ^ 1]) + whole[code + 1:]}.items():
            self.write(name, data)
            for command in (("inspect", name), ("run", name, "--input", "x=zeros")):
                done = subprocess.run([TENON, *command], cwd=self.folder.name, capture_output=True, text=True)
                self.assertEqual(done.returncode, 3, (name, done.stderr))
        weights = struct.pack("<f", -0.625)
        at = whole.rindex(weights)
        self.write("weights.so", whole[:at] + b"\1" + whole[at + 1:])
        self.tenon("inspect", "m.so", "--verify")
        self.tenon("inspect", "weights.so", "--verify", code=3)

    def test_inspect_and_bench(self):
        report = json.loads(self.tenon("inspect", "linear.onnx", "--json").stdout)
        self.assertEqual((report["operators"], report["parameters"]), ({"MatMul": 1, "Relu": 1}, 24))
        self.tenon("compile", "linear.onnx", "-o", "m.so", "-mcpu=x86-64-v3")
        report = json.loads(self.tenon("inspect", "m.so", "--json").stdout)
        self.assertEqual(len(report["levels"]), 1)
        self.assertEqual(report["inputs"], [{"name": "x", "dtype": "f32", "shape": [4, 8]}])
        report = json.loads(self.tenon("bench", "m.so", "--runs=5", "--threads=1", "--json").stdout)
        self.assertEqual(report["runs"], 5)
        self.assertGreater(report["median_seconds"], 0)

    def test_plan(self):
        report = json.loads(self.tenon("inspect", "linear.onnx", "--plan", "--json").stdout)
        self.assertEqual([kernel["steps"] for kernel in report["kernels"]], [1])
        self.assertGreater(report["measured_seconds"], 0)
        self.assertGreater(report["predicted_seconds"], 0)
        self.assertLess(report["predicted_seconds"], 1e-3)
        self.assertIn("rows=", report["kernels"][0]["schedule"])
        self.assertIn("contraction", self.tenon("inspect", "linear.onnx", "--plan").stdout)
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        self.assertIn("--plan", self.tenon("inspect", "m.so", "--plan", code=2).stderr)

    def test_debug(self):
        report = json.loads(self.tenon("debug", "linear.onnx", "--json", "--dump-dir=passes").stdout)
        self.assertIsNone(report["finding"])
        self.assertEqual(report["kernels"], 1)
        self.assertLess(report["tolerance"], 1e-4)
        self.assertTrue(all(entry["error"] <= report["tolerance"] for entry in report["passes"] if entry["changed"]))
        self.assertTrue(any(name.endswith("plan-memory.mlirbc") for name in os.listdir(self.path("passes"))))
        self.assertIn("nothing found", self.tenon("debug", "linear.onnx").stdout)
        self.tenon("debug", "nosuch.onnx", code=4)
        self.tenon("debug", "linear.onnx", "--input", "z=zeros", code=2)
        self.write("noise.onnx", b"\xff" * 100)
        self.tenon("debug", "noise.onnx", code=3)

    def test_debug_against_a_reference(self):
        x = [(i % 7 - 3) / 4 for i in range(32)]
        self.write("x.npy", npy(x, (4, 8)))

        def check(values, code, shape=(4, 3)):
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as file:
                file.writestr("y.npy", npy(values, shape))
            self.write("y.npz", archive.getvalue())
            done = self.tenon("debug", "linear.onnx", "--input", "x=@x.npy", "--reference=y.npz", "--json", code=code)
            return json.loads(done.stdout)["finding"]

        self.assertIsNone(check(reference(x), 0))
        wrong = reference(x)
        wrong[7] += 0.5
        finding = check(wrong, 5)
        self.assertEqual((finding["kind"], finding["where"], finding["output"]), ("import", "import", "y"))
        self.assertIn("element 7", finding["message"])
        finding = check(reference(x), 5, shape=(12,))
        self.assertEqual((finding["kind"], finding["output"]), ("import", "y"))
        self.assertIn("tensor<4x3xf32>, that of the reference a tensor<12xf32>", finding["message"])
        self.write("y.npz", b"")
        self.tenon("debug", "linear.onnx", "--reference=y.npz", code=4)

    def test_debug_names_what_makes_a_nan(self):
        data = ob.model([ob.node("Log", ["x"], ["l"], "/block/log"), ob.node("Exp", ["l"], ["y"], "/block/exp")],
                        [ob.value_info("x", [4])], [ob.value_info("y", [4])])
        self.write("log.onnx", data)
        self.write("x.npy", npy([1.0, 2.0, -2.0, 3.0], (4,)))
        done = self.tenon("debug", "log.onnx", "--input", "x=@x.npy", "--json", code=5)
        finding = json.loads(done.stdout)["finding"]
        self.assertEqual((finding["kind"], finding["nodes"]), ("not-finite", ["/block/log"]))
        self.assertIn("element 2", finding["message"])

    def test_debug_of_a_hang(self):
        done = self.tenon("debug", "linear.onnx", "--time-limit=0.000001", "--json", code=5)
        self.assertEqual(json.loads(done.stdout)["finding"]["kind"], "hang")

    def test_no_undefined_symbols(self):
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        self.tenon("compile", "linear.onnx", "-o", "m.o")
        for command in (["nm", "-u", "-D", "m.so"], ["nm", "-u", "m.o"]):
            self.assertEqual(subprocess.check_output(command, cwd=self.folder.name), b"")
        self.assertNotIn(b"NEEDED", subprocess.check_output(["readelf", "-d", "m.so"], cwd=self.folder.name))

    def test_two_models_in_one_program(self):
        self.write("second.onnx", ob.linear(columns=5))
        self.tenon("compile", "linear.onnx", "-o", "first.o", "--name=first")
        self.tenon("compile", "second.onnx", "-o", "second.a", "--name=second")
        self.write("main.c", rb"""
            #include "first.h"
            #include "second.h"
            #include "tenon/tenon.h"
            #include <stdio.h>
            static int run(const tn_model_desc *desc) {
              tn_model *model; tn_context *context;
              float values[32]; int64_t dims[] = {4, 8};
              for (int i = 0; i < 32; ++i) values[i] = 1;
              tn_tensor x = {TN_F32, 2, dims, values, sizeof values}, y = {0};
              if (tn_model_from_desc(desc, NULL, &model) || tn_model_verify(model) ||
                  tn_context_create(model, NULL, &context) || tn_run(context, 0, &x, 1, &y, 1))
                return puts(tn_last_error()), 1;
              printf("%d %.3f\n", (int)y.dims[1], ((float *)y.data)[1]);
              return 0;
            }
            int main(void) { return run(first_query(TN_ABI_VERSION)) || run(second_query(TN_ABI_VERSION)); }
            """)
        subprocess.check_call([CC, "-I" + os.environ["TENON_INCLUDE"], "main.c", "first.o", "second.a",
                               os.environ["TENON_RUNTIME_ARCHIVE"], "-lpthread", "-ldl", "-o", "program"],
                              cwd=self.folder.name)
        out = subprocess.check_output([self.path("program")], text=True)
        wanted = [reference([1.0] * 32)[1], reference([1.0] * 32, columns=5)[1]]
        self.assertEqual(out, f"3 {wanted[0]:.3f}\n5 {wanted[1]:.3f}\n")


if __name__ == "__main__":
    unittest.main()
