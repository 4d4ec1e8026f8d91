"""tenon reduce from outside: how small faults become, and what is left behind.

Faults are planted by the hidden option --test-failure=KIND:OP[<PRODUCER], which acts on operations of the import; the
numbers that the report expects are checked against arithmetic in Python. TENON is the program.
"""

import json
import math
import os
import signal
import stat
import struct
import subprocess
import tempfile
import time
import unittest

import onnx_bytes as ob

TENON = os.environ["TENON"]


def read_npy(path):
    """Shape and elements of an f32 array."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    shape = data[10:10 + length].split(b"'shape': (")[1].split(b")")[0]
    body = data[10 + length:]
    return tuple(int(d) for d in shape.split(b",") if d.strip()), struct.unpack(f"<{len(body) // 4}f", body)


def chain(*operators, width=24, rows=6):
    """x0 -> operators one after the other -> the last value. MatMul multiplies by a weight of its own."""
    nodes, weights = [], []
    for i, op in enumerate(operators):
        inputs = [f"x{i}"]
        if op == "MatMul":
            weights.append(ob.tensor(f"w{i}", [width, width], [((7 * k + i) % 13 - 6) / 40 for k in range(width * width)]))
            inputs.append(f"w{i}")
        elif op == "Add":
            inputs.append("x0")
        nodes.append(ob.node(op, inputs, [f"x{i + 1}"], f"layer{i}/{op}"))
    return ob.model(nodes, [ob.value_info("x0", [rows, width])], [ob.value_info(f"x{len(operators)}", [rows, width])],
                    weights)


LONG = ["MatMul", "Tanh", "MatMul", "Relu", "Add", "MatMul", "Sigmoid", "Softmax", "MatMul", "Relu", "MatMul", "Tanh",
        "Add", "MatMul", "Relu", "MatMul", "Abs", "Neg", "MatMul", "Exp"]


class Reduce(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.temporary = os.path.join(self.folder.name, "tmp")
        os.mkdir(self.temporary)
        self.environment = {**os.environ, "TMPDIR": self.temporary, "TENON": TENON}
        self.write("long.onnx", chain(*LONG))

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def write(self, name, data, executable=False):
        with open(self.path(name), "wb") as file:
            file.write(data)
        if executable:
            os.chmod(self.path(name), 0o755)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def tenon(self, *arguments, code=0):
        done = subprocess.run([TENON, *arguments], cwd=self.folder.name, capture_output=True, text=True, timeout=300,
                              env=self.environment)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("\033", done.stderr, "no escape sequences into a pipe")
        if code:
            self.assertTrue(done.stderr.strip() or done.stdout.strip(), "an error says why")
        self.assertEqual(os.listdir(self.temporary), [], "nothing is left in the temporary folder")
        return done

    def reduce(self, model, *arguments, code=0):
        return json.loads(self.tenon("reduce", model, "-o", "small", "--json", *arguments, code=code).stdout)

    def operators(self, folder="small"):
        return json.loads(self.tenon("inspect", folder + "/reduced.onnx", "--json").stdout)["operators"]

    def repro(self, code, folder="small"):
        done = subprocess.run(["sh", self.path(folder, "repro.sh")], cwd="/", capture_output=True, text=True,
                              env=self.environment, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    # ---- Faults ----

    def test_wrong_numbers(self):
        fault = "--test-failure=wrong:tn.tanh<tn.contract"
        result = self.reduce("long.onnx", "--predicate=numbers", fault)
        self.assertEqual(result["nodes_before"], len(LONG))
        self.assertEqual(self.operators(), {"MatMul": 1, "Tanh": 1})
        self.assertEqual(self.tenon("reduce", "small/reduced.onnx", "--test-only", "--predicate=numbers", fault).returncode, 0)
        # The true compiler is right about it, and so is the interpreter.
        self.repro(0)
        report = self.read("small", "report.md").decode()
        for text in ("layer", "Tanh", "long.onnx", "tenon run reduced.onnx --poison --input", "--atol 1e-05", "## Expected", "LLVM"):
            self.assertIn(text, report)
        self.assertIn("tn.tanh", self.read("small", "reduced.mlir").decode())

    def test_numbers_are_those_of_the_model(self):
        self.reduce("long.onnx", "--predicate=numbers", "--test-failure=wrong:tn.exp", "--max-tests=12")
        self.assertEqual(self.operators(), {"Exp": 1})
        [name] = [name for name in os.listdir(self.path("small")) if name.endswith(".npy") and "expected" not in name]
        shape, x = read_npy(self.path("small", name))
        self.assertEqual(shape, read_npy(self.path("small", "expected-x20.npy"))[0])
        for value, expected in zip(x, read_npy(self.path("small", "expected-x20.npy"))[1]):
            self.assertAlmostEqual(math.exp(value), expected, delta=1e-6 * max(1, expected))

    def test_dimensions_and_values_become_small(self):
        self.reduce("long.onnx", "--test-failure=wrong:tn.sigmoid")
        self.assertEqual(self.operators(), {"Sigmoid": 1})
        [name] = [name for name in os.listdir(self.path("small")) if name.endswith(".npy") and "expected" not in name]
        shape, x = read_npy(self.path("small", name))
        self.assertEqual(shape, (1, 1))
        self.assertEqual(x, (0.0,))

    def test_exact_comparison(self):
        result = self.reduce("long.onnx", "--predicate=numbers", "--rtol=0", "--atol=0")
        self.assertLessEqual(result["nodes"], 2)
        self.repro(1)

    def test_crash(self):
        result = self.reduce("long.onnx", "--test-failure=crash:tn.softmax")
        self.assertEqual(result["predicate"], "crash")
        self.assertEqual(self.operators(), {"Softmax": 1})
        self.assertIn("Segmentation fault", self.read("small", "report.md").decode())
        self.assertIn("--time-limit=60", self.read("small", "repro.sh").decode())
        self.repro(0)

    def test_hang(self):
        self.write("short.onnx", chain("MatMul", "Softmax", "Relu"))
        self.reduce("short.onnx", "--predicate=crash", "--time-limit=0.7", "--test-failure=hang:tn.softmax")
        self.assertEqual(self.operators(), {"Softmax": 1})

    def test_diagnostic(self):
        """No fault is planted: an operator that does not exist, in the middle of a model."""
        nodes = [ob.node("MatMul", ["x", "w"], ["a"]), ob.node("Relu", ["a"], ["b"]),
                 ob.node("Frobnicate", ["b", "a"], ["c"], "frob", "my.domain"), ob.node("Tanh", ["c"], ["d"]),
                 ob.node("Add", ["d", "b"], ["y"])]
        weight = ob.tensor("w", [8, 8], [0.1] * 64)
        data = ob.model(nodes, [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 8])], [weight])
        self.write("unknown.onnx", data + ob.text(8, ob.text(1, "my.domain") + ob.number(2, 1)))
        for predicate in ("diagnostic=my.domain::Frobnicate", "auto"):
            result = self.reduce("unknown.onnx", "--predicate=" + predicate)
            self.assertEqual(result["nodes"], 1)
            self.assertIn("Frobnicate", self.read("small", "report.md").decode())
            self.assertNotIn("reduced.mlir", os.listdir(self.path("small")))
            self.repro(1)
            for file in os.listdir(self.path("small")):
                os.unlink(self.path("small", file))

    def test_script(self):
        """A softmax over more than 8 elements, in a model that compiles: 9 are the least."""
        self.write("interesting", b'#!/bin/sh\nls "$2" | grep -q . || exit 1\n"$TENON" compile "$1" --stop-after=import '
                   b'-o - -q | grep "tn.softmax" | grep -q "x\\(9\\|[1-9][0-9]\\)xf32>"\n', executable=True)
        self.reduce("long.onnx", "--script", "./interesting")
        self.assertEqual(self.operators(), {"Softmax": 1})
        self.assertIn("1x9xf32", self.read("small", "reduced.mlir").decode())
        self.repro(1)

    def test_several_nodes_become_one(self):
        """What wants a layer normalization, in parts or as one operator, ends with the operator."""
        nodes = [ob.node("Abs", ["x"], ["a"], "abs"), ob.node("ReduceMean", ["a", "axis"], ["m"], "mean"),
                 ob.node("Sub", ["a", "m"], ["c"], "sub"), ob.node("Mul", ["c", "c"], ["s"], "square"),
                 ob.node("ReduceMean", ["s", "axis"], ["v"], "variance"), ob.node("Add", ["v", "eps"], ["e"], "add"),
                 ob.node("Sqrt", ["e"], ["r"], "sqrt"), ob.node("Div", ["c", "r"], ["n"], "div"),
                 ob.node("Neg", ["n"], ["y"], "neg")]
        constants = [ob.tensor("axis", [1], [-1], dtype=ob.INT64), ob.tensor("eps", [1], [1e-5])]
        data = ob.model(nodes, [ob.value_info("x", [4, 8])], [ob.value_info("y", [4, 8])], constants, opset=18)
        self.write("norm.onnx", data)
        self.write("interesting", b'#!/bin/sh\n"$TENON" compile "$1" --stop-after=raise -o - -q | grep -q tn.normalize\n',
                   executable=True)
        self.reduce("norm.onnx", "--script", "./interesting")
        self.assertEqual(self.operators(), {"LayerNormalization": 1})
        self.repro(1)

    def test_script_that_runs_too_long(self):
        self.write("slow", b"#!/bin/sh\nsleep 60 & sleep 60\n", executable=True)
        begin = time.time()
        self.tenon("reduce", "long.onnx", "--script", "./slow", "--time-limit=1", code=1)
        self.assertLess(time.time() - begin, 30)

    def test_slower(self):
        self.tenon("reduce", "long.onnx", "--predicate=slower=100000", code=1)
        self.tenon("reduce", "long.onnx", "--predicate=slower=100000", "--against=--winograd=off", code=1)
        result = self.reduce("long.onnx", "--predicate=slower=0.0001", "--against=--winograd=off", "--max-tests=6")
        self.assertLess(result["nodes"], len(LONG))
        self.assertIn("times as long", result["observed"])
        self.repro(1)

    # ---- Graphs ----

    def test_subgraphs_keep_what_they_capture(self):
        """The branch of an If reads a value of the enclosing graph, which becomes an input."""
        branch = ob.text(1, ob.node("Tanh", ["a"], ["t"], "inner")) + ob.text(2, "then") + ob.text(12, ob.text(1, "t"))
        graphs = [ob.text(1, name) + ob.text(6, branch) + ob.number(20, 5) for name in ("then_branch", "else_branch")]
        condition = ob.text(1, "value") + ob.text(5, ob.number(1, 1) + ob.number(2, 9) + ob.text(9, b"\1")) + ob.number(20, 4)
        nodes = [ob.node("Constant", [], ["yes"], attributes=[condition]), ob.node("Relu", ["x"], ["a"]),
                 ob.node("If", ["yes"], ["b"], "choose", attributes=graphs), ob.node("Neg", ["b"], ["y"])]
        self.write("if.onnx", ob.model(nodes, [ob.value_info("x", [3, 5])], [ob.value_info("y", [3, 5])]))
        self.reduce("if.onnx", "--test-failure=wrong:tn.tanh")
        self.assertEqual(self.operators(), {"If": 1, "Tanh": 1})
        self.repro(0)

    def test_large_weights_stand_outside(self):
        count = 3000
        weights = ob.tensor("w", [count, count // 2], [0.001] * (count * count // 2))
        self.write("large.onnx", ob.model([ob.node("MatMul", ["x", "w"], ["y"])], [ob.value_info("x", [1, count])],
                                          [ob.value_info("y", [1, count // 2])], [weights]))
        self.reduce("large.onnx", "--test-failure=crash:tn.contract", "--max-tests=1")
        self.assertGreater(os.path.getsize(self.path("small", "reduced.weights")), 16 << 20)
        self.tenon("run", "small/reduced.onnx", "--random-inputs")

    def test_strange_names(self):
        names = ["../../a'b", "x\n`y`|", "c=@d"]
        nodes = [ob.node("Tanh", [names[0]], [names[1]], "no/de\n'"), ob.node("Relu", [names[1]], [names[2]])]
        self.write("names.onnx", ob.model(nodes, [ob.value_info(names[0], [4])], [ob.value_info(names[2], [4])]))
        self.reduce("names.onnx", "--test-failure=wrong:tn.tanh")
        self.assertTrue(all("/" not in name for name in os.listdir(self.path("small"))))
        self.repro(0)

    def test_open_dimensions(self):
        self.write("batch.onnx", ob.linear(batch="batch"))
        self.tenon("reduce", "batch.onnx", "--test-failure=crash:tn.contract", code=2)
        self.reduce("batch.onnx", "--dim", "batch=4", "--test-failure=crash:tn.contract")
        self.assertEqual(self.operators(), {"MatMul": 1})

    # ---- What is left behind ----

    def test_same_bytes(self):
        contents = []
        for folder in ("one", "two"):
            self.tenon("reduce", "long.onnx", "-o", folder, "--predicate=numbers", "--rtol=0", "--atol=0")
            contents.append({name: self.read(folder, name) for name in sorted(os.listdir(self.path(folder)))})
        self.assertEqual(contents[0], contents[1])
        self.assertTrue(os.stat(self.path("one", "repro.sh")).st_mode & stat.S_IXUSR)

    def test_interrupt(self):
        process = subprocess.Popen([TENON, "reduce", "long.onnx", "-o", "small", "-v", "--predicate=crash",
                                    "--time-limit=2", "--test-failure=hang:tn.softmax"], cwd=self.folder.name,
                                   stderr=subprocess.PIPE, text=True, env=self.environment)
        seen = 0
        for line in process.stderr:
            seen += "yes" in line
            if seen == 2:
                break
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(60), 130)
        self.assertIn("interrupted", self.read("small", "report.md").decode())
        self.assertEqual(os.listdir(self.temporary), [])

    def test_bad_requests(self):
        self.assertIn("Examples", self.tenon("reduce", "--help").stdout)
        self.write("plain", b"")
        for arguments in [("--predicate=lunch",), ("--predicate=slower=fast",), ("--predicate=diagnostic=",),
                          ("--script", "./nosuch"), ("--script", "./plain"), ("--shape", "nosuch:1x2"),
                          ("--against=--nonsense",), ("--input", "nosuch=zeros"), ("--memory-limit=x",)]:
            self.tenon("reduce", "long.onnx", *arguments, code=2)
        self.tenon("reduce", "nosuch.onnx", code=4)
        self.tenon("reduce", "long.mlir", code=2)
        self.write("huge.onnx", ob.model([ob.node("Relu", ["x"], ["y"])], [ob.value_info("x", [1 << 40])],
                                         [ob.value_info("y", [1 << 40])]))
        self.tenon("reduce", "huge.onnx", code=6)
        self.tenon("reduce", "long.onnx", "--input", "x0=@nosuch.npy", code=4)
        self.tenon("reduce", "long.onnx", "-o", "/proc/nowhere", "--test-failure=crash:tn.exp", code=4)
        self.assertIn("does not hold", self.tenon("reduce", "long.onnx", code=1).stderr)
        self.tenon("reduce", "long.onnx", "--test-only", "--predicate=numbers", code=1)

    def test_damaged_models(self):
        whole = chain("MatMul", "Relu")
        for size in (0, 1, 20, len(whole) // 2, len(whole) - 3):
            self.write("cut.onnx", whole[:size])
            done = subprocess.run([TENON, "reduce", "cut.onnx", "-o", "small"], cwd=self.folder.name, timeout=60,
                                  capture_output=True, env=self.environment)
            self.assertIn(done.returncode, (1, 3), done.stderr)


if __name__ == "__main__":
    unittest.main()
