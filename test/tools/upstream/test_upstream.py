"""Two miscompilations of MLIR 22.1, as passes of a plugin (Patterns.h): `tenon debug` names pass and rewrite, `tenon
reduce` leaves the few nodes that show them."""

import json
import os
import re
import subprocess
import unittest

import onnx_bytes as ob
from tool_case import ToolCase

PLUGIN = os.environ["UPSTREAM_PASSES"]


def matrix(name, rows, columns):
    return ob.tensor(name, [rows, columns], [((5 * i) % 13 - 6) / 8 for i in range(rows * columns)])


def unsqueezing(unsqueeze=True):
    """A product whose rows get a dimension between them, in the middle of other things."""
    shape = [4, 1, 16] if unsqueeze else [1, 4, 16]
    nodes = [ob.node("MatMul", ["x", "w"], ["a"], "/first/product"), ob.node("Relu", ["a"], ["b"], "/first/relu"),
             ob.node("Softmax", ["b"], ["z"], "/weigh"), ob.node("Reshape", ["b", "shape"], ["c"], "/spread"),
             ob.node("Add", ["c", "bias"], ["d"], "/shift"), ob.node("Sigmoid", ["d"], ["e"], "/squash"),
             ob.node("MatMul", ["e", "v"], ["y"], "/second/product")]
    return ob.model(nodes, [ob.value_info("x", [4, 8])],
                    [ob.value_info("y", [4, 1, 8] if unsqueeze else [1, 4, 8]), ob.value_info("z", [4, 16])],
                    [matrix("w", 8, 16), matrix("v", 16, 8), ob.tensor("shape", [3], shape, ob.INT64),
                     ob.tensor("bias", [16], [0.25] * 16)])


def recurrent(keep=True):
    """A step of a model with state: the sum is what it keeps, and goes on."""
    nodes = [ob.node("MatMul", ["x", "w"], ["a"], "/in"), ob.node("Tanh", ["a"], ["t"], "/tanh"),
             ob.node("Add", ["s", "t"], ["n"], "/update"), ob.node("Exp", ["n"], ["m"], "/exp"),
             ob.node("Softmax", ["m"], ["p"], "/weigh"), ob.node("MatMul", ["p", "v"], ["y"], "/out")]
    outputs = [ob.value_info("y", [4, 8])] + ([ob.value_info("n", [4, 16])] if keep else [])
    return ob.model(nodes, [ob.value_info("x", [4, 8]), ob.value_info("s", [4, 16])], outputs,
                    [matrix("w", 8, 16), matrix("v", 16, 8)])


class Upstream(ToolCase):
    def flags(self, name):
        return [f"--load-pass-plugin={PLUGIN}", f"--extra-passes=graph:func.func(upstream-{name})"]

    def find(self, name, model):
        self.write("model.onnx", model)
        done = self.tenon("debug", "model.onnx", "--json", *self.flags(name), code=5)
        finding = json.loads(done.stdout)["finding"]
        self.assertRegex(finding["where"], rf"^graph/\d+-upstream-{name}$")
        return finding

    def reduce(self, name, most):
        done = self.tenon("reduce", "model.onnx", "-o", "small", *self.flags(name))
        left, whole = map(int, re.search(r"(\d+) of (\d+) nodes", done.stdout + done.stderr).groups())
        self.assertLessEqual(left, most)
        self.assertGreater(whole, most)
        self.assertIn(f"upstream-{name}", self.read("small/repro.sh").decode())
        found = subprocess.run(["sh", "repro.sh"], cwd=self.path("small"), capture_output=True, text=True,
                               env=dict(os.environ, PATH=os.path.dirname(os.environ["TENON"]) + ":" + os.environ["PATH"]))
        self.assertEqual(found.returncode, 1, found.stdout + found.stderr)

    def test_insert_slice(self):
        finding = self.find("insert-slice", unsqueezing())
        self.assertEqual(finding["kind"], "numbers")
        # The rewrite of MLIR's own that is to blame, and not the pattern around it.
        rewrite = finding["rewrite"]
        self.assertEqual(rewrite["pattern"].strip(), "VectorizationPattern")
        self.assertIn("tensor.insert_slice", rewrite["at"])
        self.assertTrue(any("tn.reshape" in text for text in rewrite["before"]))
        self.assertTrue(any("tn.pad" in text for text in rewrite["after"]))
        self.reduce("insert-slice", 2)

    def test_global_store(self):
        finding = self.find("global-store", recurrent())
        self.assertEqual(finding["output"], "n")
        self.assertEqual(finding["rewrite"]["pattern"].strip(), "StateByGlobalStore")
        self.reduce("global-store", 2)

    def test_no_false_alarm(self):
        """The same passes on models in which nothing calls on what is wrong with them."""
        for name, model in (("insert-slice", unsqueezing(False)), ("global-store", recurrent(False))):
            self.write("model.onnx", model)
            report = json.loads(self.tenon("debug", "model.onnx", "--json", *self.flags(name)).stdout)
            self.assertTrue(any(entry["name"].endswith(f"upstream-{name}") for entry in report["passes"]))

    def test_errors(self):
        self.write("model.onnx", recurrent())
        for flags in ([f"--load-pass-plugin={self.path('nosuch.so')}"], ["--extra-passes=graph:func.func(nosuch)"],
                      ["--extra-passes=import:func.func(cse)"], ["--extra-passes=nonsense"],
                      [f"--load-pass-plugin={PLUGIN}", "--extra-passes=graph:func.func("]):
            self.tenon("compile", "model.onnx", "-o", "m.so", *flags, code=2)


if __name__ == "__main__":
    unittest.main()
