#!/usr/bin/env python3
"""ONNX models as straight-line torch programs, the way one would write them by hand, for the torch engines of compare.py.

  torch_models.py --check MODEL...     compares what they compute with ONNX Runtime
  torch_models.py --source MODEL...    prints them

MODEL is a file or one of the test models. Needs scripts/setup --torch.
"""
import argparse
import itertools
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import torch_graph
from torch_graph import Unsupported
from torch_operators import OPERATORS

HERE = pathlib.Path(__file__).resolve().parent
# Relative L2 distance from ONNX Runtime that --check allows.
BOUND = 2e-5


class Writer:
    """Writes forward() of a module and gives the module its weights."""

    def __init__(self, graph):
        self.graph, self.module, self.lines = graph, torch.nn.Module(), []
        self.names, self.weights = {}, {}
        self.images = set()  # inputs that are read by convolutions and the like
        self.fresh = map("v{}".format, itertools.count())
        for i, name in enumerate(graph.inputs):
            self.names[name] = f"x{i}"

    def parameter(self, array, memory_format=torch.contiguous_format, key=None):
        """A weight of its own in the module; the same one for the same key."""
        if key in self.weights:
            return self.weights[key]
        count = sum(1 for _ in self.module.state_dict())
        tensor = torch.from_numpy(np.array(array)).contiguous(memory_format=memory_format)
        if tensor.is_floating_point():
            self.module.register_parameter(f"w{count}", torch.nn.Parameter(tensor, requires_grad=False))
        else:
            self.module.register_buffer(f"w{count}", tensor)
        if key:
            self.weights[key] = f"self.w{count}"
        return f"self.w{count}"

    def value(self, name):
        """A tensor: a variable, or a weight if it is constant."""
        if name in self.graph.constants:
            return self.parameter(self.graph.constants[name], key=name)
        return self.names[name]

    def operand(self, name, other):
        """A tensor, or a number where that does not change the result's shape and type."""
        number = self.graph.scalar(name)
        if (number is None or other in self.graph.constants or self.graph.constants[name].dtype not in (np.float32, np.int64)
                or self.graph.constants[name].ndim > len(self.graph.shape(other)) or not math.isfinite(number)):
            return self.value(name)
        return repr(number) if number >= 0 else f"({number!r})"

    def filters(self, name):
        """The weight of a convolution: in channels_last where there are two spatial dimensions."""
        if name in self.graph.constants and len(self.graph.shape(name)) == 4:
            return self.parameter(self.graph.constants[name], torch.channels_last, (name, "channels_last"))
        return self.value(name)

    def image(self, name):
        if name in self.graph.inputs and len(self.graph.shape(name)) == 4:
            self.images.add(name)
        return self.value(name)

    def constant(self, name, node):
        if name not in self.graph.constants:
            raise Unsupported(f"{node}: '{name}' has to be constant")
        return self.graph.constants[name]

    def ints(self, name, node):
        return self.constant(name, node).astype(np.int64).tolist()

    def axes(self, node):
        """Axes by attribute or by input; None without either."""
        if len(node.inputs) > 1 and node.inputs[1]:
            return tuple(self.ints(node.inputs[1], node))
        return tuple(node.attributes["axes"]) if "axes" in node.attributes else None

    def is_integer(self, name):
        return name in self.graph.constants and np.issubdtype(self.graph.constants[name].dtype, np.integer)

    def temporary(self, expression):
        name = next(self.fresh)
        self.lines.append(f"{name} = {expression}")
        return name

    def write(self, node, finished):
        """A line for the node, and the end of the variables that nobody reads after it."""
        if node.kind not in OPERATORS:
            raise Unsupported(f"{node}: the torch translation lacks this operator; add it to bench/torch_operators.py")
        expression = OPERATORS[node.kind](self, node)
        for name in node.outputs:
            self.names[name] = next(self.fresh)
        self.lines.append(f"{', '.join(self.names[name] for name in node.outputs)} = {expression}")
        if finished:
            self.lines.append(f"del {', '.join(self.names[name] for name in finished)}")


def last_uses(graph):
    """For each node, the values that nothing reads after it."""
    seen, finished = set(graph.outputs), []
    for node in reversed(graph.nodes):
        values = [name for name in dict.fromkeys(node.outputs + node.inputs) if name and name not in graph.constants]
        finished.append([name for name in values if name not in seen])
        seen.update(values)
    return finished[::-1]


class TorchModel:
    """A translated model: `module` takes the tensors of inputs() and returns those of `outputs`."""

    def __init__(self, path):
        graph = torch_graph.load(path)
        writer = Writer(graph)
        arguments = ", ".join(["self", *writer.names.values()])
        for node, finished in zip(graph.nodes, last_uses(graph)):
            writer.write(node, finished)
        writer.lines.append(f"return ({', '.join(map(writer.value, graph.outputs))},)")
        self.source = f"def forward({arguments}):\n" + "".join(f"    {line}\n" for line in writer.lines)
        space = {"torch": torch, "F": F, "math": math}
        exec(compile(self.source, f"<{pathlib.Path(path).stem}>", "exec"), space)
        self.module = writer.module.eval()
        self.module.forward = space["forward"].__get__(self.module)
        self.outputs, self.names, self.images = graph.outputs, graph.inputs, writer.images

    def inputs(self, feeds):
        """Tensors of the arrays; images in channels_last."""
        return [torch.from_numpy(feeds[name]).contiguous(
            memory_format=torch.channels_last if name in self.images else torch.contiguous_format) for name in self.names]


def check(path, zoo, relative_error, run_onnxruntime):
    """Prints the error of every output; whether all are small."""
    model, feeds = TorchModel(path), zoo.make_inputs(path)
    with torch.inference_mode():
        results = model.module(*model.inputs(feeds))
    right = True
    for name, exact in run_onnxruntime(path, feeds).items():
        error = relative_error(results[model.outputs.index(name)].numpy(), exact)
        right &= error <= BOUND
        print(f"{path.stem} {name}: {error:.1e} from ONNX Runtime{'' if error <= BOUND else '  FAILED'}", flush=True)
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--source", action="store_true")
    arguments = parser.parse_args()
    sys.path[:0] = [str(HERE.parent / "test/models")]
    import zoo
    from check import relative_error, run_onnxruntime
    right = True
    for name in arguments.models:
        try:
            path = pathlib.Path(name)
            path = path if path.suffix == ".onnx" else zoo.prepare(name, arguments.build / "test/models/zoo")
            if arguments.source:
                print(TorchModel(path).source)
            else:
                right &= check(path, zoo, relative_error, run_onnxruntime)
        except Unsupported as error:
            right = False
            print(f"{name}: {error}", file=sys.stderr)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
