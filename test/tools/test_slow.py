"""tenon debug --slow: what is slow, and what became slower, in which pass. See docs/debugging.md."""

import json
import os
import re
import stat
import unittest

import onnx_bytes as ob
from cli_case import CommandLineCase, TENON, convolutions


class Slow(CommandLineCase):
    def slow(self, model, *arguments, code=0, seconds=1):
        done = self.tenon("debug", model, "--slow", f"--seconds={seconds}", *arguments, "--json", code=code)
        return json.loads(done.stdout)

    def script(self, name, *lines):
        self.write(name, "\n".join(["#!/bin/sh", *lines]).encode())
        os.chmod(self.path(name), stat.S_IRWXU)
        return self.path(name)

    def test_kernels_by_lost_time(self):
        self.write("conv.onnx", convolutions())
        report = self.slow("conv.onnx")
        kernels = report["kernels"]
        self.assertEqual([kernel["lost_seconds"] for kernel in kernels],
                         sorted((kernel["lost_seconds"] for kernel in kernels), reverse=True))
        self.assertAlmostEqual(sum(kernel["share"] for kernel in kernels), 1, places=6)
        for kernel in kernels:
            self.assertAlmostEqual(kernel["lost_seconds"], max(0, kernel["seconds"] - kernel["roofline_seconds"]), places=9)
            by_compute = kernel["flops"] / report["machine"]["flops_per_second"]
            by_memory = kernel["bytes"] / report["machine"]["bytes_per_second"]
            self.assertEqual(kernel["limit"], "compute" if by_compute > by_memory else "memory")
        convolution = max(kernels, key=lambda kernel: kernel["seconds"])
        self.assertEqual((convolution["template"], convolution["limit"]), ("winograd", "compute"))
        self.assertIn("tiles=", convolution["schedule"])
        # The two convolutions are alike: which one takes longer is chance.
        self.assertTrue({"block0/conv", "block1/conv"} & set(convolution["nodes"]), convolution["nodes"])
        text = self.tenon("debug", "conv.onnx", "--slow", "--seconds=0.5", "--top=1").stdout
        self.assertRegex(text, r"lost ms +ms +share +roofline +limit +kernel\n.*% .* of .*\n +schedule ")
        self.assertIn("more (--top)", text)

    def test_unchanged_compilers(self):
        report = self.slow("linear.onnx", "--against", TENON)["against"]
        self.assertEqual((report["same_artifact"], report["slower"], report["regressions"]), (True, False, []))
        self.assertTrue(self.slow("linear.onnx", "--winograd=off", "--against", TENON)["against"]["same_artifact"])
        # The same code under another model's name: the bytes differ, nothing else does.
        self.write("conv.onnx", convolutions(layers=3))
        other = self.script("other", f'exec {TENON} "$@" --name=another')
        report = self.slow("conv.onnx", "--against", other, seconds=2)["against"]
        self.assertEqual((report["same_artifact"], report["slower"], report["regressions"]), (False, False, []))

    def test_another_algorithm(self):
        self.write("conv.onnx", convolutions())
        report = self.slow("conv.onnx", "--winograd=off", "--against-flags=--winograd=auto", code=5)["against"]
        self.assertTrue(report["slower"])
        # What stands beside the convolutions may have lost a little, too: they leave other data in the caches.
        convolutions_only = report["regressions"][:2]
        for regression in convolutions_only:
            self.assertEqual(regression["pass"], "fuse/winograd")
            self.assertGreater(regression["seconds"], 1.2 * regression["other_seconds"])
            self.assertIn("winograd", regression["other_kernels"])
            self.assertTrue(any("tn.winograd_conv" in text for text in regression["other_operations"]))
        self.assertEqual({node for regression in convolutions_only for node in regression["nodes"]},
                         {"block0/conv", "block0/relu", "block1/conv", "block1/relu"})
        # The other way round it is faster.
        report = self.slow("conv.onnx", "--against-flags=--winograd=off")["against"]
        self.assertEqual((report["slower"], report["regressions"]), (False, []))
        self.assertGreaterEqual(report["kernels_faster"], 2)

    def test_a_bad_schedule(self):
        size = 256
        weights = [((7 * i) % 11 - 5) / 8 for i in range(size * size)]
        self.write("product.onnx", ob.model([ob.node("MatMul", ["x", "w"], ["y"], "block/product")],
                                            [ob.value_info("x", [size, size])], [ob.value_info("y", [size, size])],
                                            [ob.tensor("w", [size, size], weights)]))
        done = self.tenon("compile", "product.onnx", "-o", "m.so", "--target=native", "--remarks=product", "--json")
        (message,) = [r["message"] for r in json.loads(done.stdout)["remarks"] if r["pass"] == "schedule"]
        target, chosen, worst, key = re.fullmatch(r"([\w-]+): ([^,]*), .* more up to (.*) \+.*; kernel (\w+)", message).groups()
        entries = dict(re.findall(r"(\w+)=(\d+)", chosen), **dict(re.findall(r"(\w+)=(\d+)", worst)))
        book = {"version": 1, "schedules": [{"kernel": key, "target": target,
                                             "schedule": {name: int(value) for name, value in entries.items()}}]}
        self.write("bad.json", json.dumps(book).encode())
        (regression,) = self.slow("product.onnx", "--schedules=bad.json", "--against-flags=-O2", code=5)["against"]["regressions"]
        self.assertEqual((regression["pass"], regression["nodes"]), ("schedule/schedule", ["block/product"]))
        self.assertTrue(all("tn.kernel" in text for text in regression["operations"]))

    def test_other_code_of_one_program(self):
        self.write("conv.onnx", convolutions(layers=1))
        done = self.tenon("debug", "conv.onnx", "--slow", "--seconds=1", "-O0", "--against-flags=-O2", code=5)
        self.assertRegex(done.stdout, r"ms instead of .* times\): k\d_winograd instead of k\d_winograd\n"
                                      r"    computing block0/conv, block0/relu\n    in kernel: ")
        self.assertIn("slower than by this compiler with '-O2'", done.stderr)

    def test_another_build(self):
        self.write("conv.onnx", convolutions(layers=1))
        other = self.script("other", f'exec {TENON} "$@"')
        report = self.slow("conv.onnx", "--winograd=off", "--against", other, "--against-flags=-O1", "--dump-dir=passes", "--threads=2",
                           code=5)["against"]
        self.assertEqual(report["regressions"][0]["pass"], "fuse/winograd")
        self.assertIn("this", os.listdir(self.path("passes")))
        self.assertIn("other", os.listdir(self.path("passes")))

    def test_errors(self):
        for arguments in (["--against=./nosuch"], ["--against-flags=--no-such-flag"], ["--threads=0"], ["--threshold=0.5"]):
            self.tenon("debug", "linear.onnx", "--slow", *arguments, code=2)
        self.tenon("debug", "linear.onnx", "--against=./nosuch", code=2)
        self.tenon("compile", "linear.onnx", "-o", "m.so")
        self.tenon("debug", "m.so", "--slow", code=2)
        broken = self.script("broken", "echo its own words >&2", "exit 70")
        self.assertIn("its own words", self.tenon("debug", "linear.onnx", "--slow", "--against", broken, code=1).stderr)
        self.write("noise.onnx", b"\xff" * 100)
        self.tenon("debug", "noise.onnx", "--slow", code=3)


if __name__ == "__main__":
    unittest.main()
