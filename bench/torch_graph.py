"""ONNX graphs as torch_models.py translates them: constants folded by ONNX Runtime, and written again with the calls that
a PyTorch program has for what an exporter took apart (linear layers, attention, GELU, SiLU)."""
import dataclasses
import itertools
import math
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.external_data_helper import load_external_data_for_model


class Unsupported(Exception):
    """Something in the model that the translator does not know."""


@dataclasses.dataclass
class Node:
    kind: str
    inputs: list
    outputs: list
    attributes: dict = dataclasses.field(default_factory=dict)

    def __str__(self):
        return f"{self.kind} that makes '{self.outputs[0]}'"


class Graph:
    """Nodes in order; constants by name as arrays; shapes by name as tuples."""

    def __init__(self, model):
        graph = model.graph
        self.opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.inputs = [info.name for info in graph.input if info.name not in self.constants]
        self.outputs = [info.name for info in graph.output]
        self.shapes = {name: array.shape for name, array in self.constants.items()}
        for info in [*graph.input, *graph.value_info, *graph.output]:
            dims = info.type.tensor_type.shape.dim
            if all(dim.HasField("dim_value") for dim in dims):
                self.shapes.setdefault(info.name, tuple(dim.dim_value for dim in dims))
        self.nodes = [Node(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}",
                           list(node.input), list(node.output), {a.name: _attribute(a) for a in node.attribute})
                      for node in graph.node]

    def index(self):
        self.producers = {name: node for node in self.nodes for name in node.outputs}

    def shape(self, name):
        if name not in self.shapes:
            raise Unsupported(f"the shape of '{name}' is not static")
        return self.shapes[name]

    def scalar(self, name):
        array = self.constants.get(name)
        return array.item() if array is not None and array.size == 1 else None

    def drop_unused(self):
        wanted, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]


def _attribute(attribute):
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def load(path):
    """The model's graph after ONNX Runtime's basic optimisations: constants and batch norms folded, nothing fused into
    operators of its own."""
    import onnxruntime
    path = pathlib.Path(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/model.onnx"
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"],
                                     disabled_optimizers=["MatMulAddFusion", "TransposeOptimizer", "ConstantSharing"])
        model = onnx.load(options.optimized_model_filepath, load_external_data=False)
    model = onnx.shape_inference.infer_shapes(model)
    load_external_data_for_model(model, str(path.parent))
    graph = Graph(model)
    rewrite(graph)
    return graph


# Rules: an operator, and what is written as it. In a pattern, a string is any value, the same one wherever it stands, a
# string with # a scalar constant, a number that constant, and a tuple an operator with, if any, its attributes.
_ERF = ("Add", ("Erf", ("Div", "x", math.sqrt(2))), 1.0)
_TANH = ("Add", ("Tanh", ("Mul", ("Add", "x", ("Mul", ("Pow", "x", 3.0), 0.044715)), math.sqrt(2 / math.pi))), 1.0)
_SCORES = ("MatMul", "q", "k")
_SCALED = [("Mul", _SCORES, "#scale"), ("Div", _SCORES, "#divisor"), _SCORES]
RULES = [
    ("Silu", {}, [("Mul", "x", ("Sigmoid", "x"))]),
    ("HardSwish", {}, [("Mul", "x", ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}, "x"))]),
    ("Gelu", {}, [("Mul", ("Mul", "x", _ERF), 0.5), ("Mul", ("Mul", "x", 0.5), _ERF)]),
    ("Gelu", {"approximate": "tanh"}, [("Mul", ("Mul", "x", 0.5), _TANH), ("Mul", ("Mul", "x", _TANH), 0.5)]),
    ("ScaledDotProduct", {}, [("MatMul", ("Softmax", {"axis": -1}, inner), "v")
                              for scaled in _SCALED for inner in (("Add", scaled, "mask"), scaled)]),
]
_COMMUTATIVE = ("Add", "Mul")


def match(graph, pattern, name, bound):
    """What the pattern's strings stand for where it describes the value, in addition to `bound`, or None."""
    if isinstance(pattern, str):
        if pattern.startswith("#") and graph.scalar(name) is None or bound.get(pattern, name) != name:
            return None
        return bound | {pattern: name}
    if isinstance(pattern, float):
        value = graph.scalar(name)
        return bound if value is not None and math.isclose(value, pattern, rel_tol=1e-5) else None
    kind, *operands = pattern
    attributes = operands.pop(0) if isinstance(operands[0], dict) else {}
    node = graph.producers.get(name)
    if node is None or node.kind != kind or len(node.inputs) != len(operands):
        return None
    if not all(math.isclose(node.attributes.get(key, math.inf), value, rel_tol=1e-5) for key, value in attributes.items()):
        return None
    for order in itertools.permutations(node.inputs) if kind in _COMMUTATIVE else [node.inputs]:
        found = bound
        for operand, value in zip(operands, order):
            found = found if found is None else match(graph, operand, value, found)
        if found is not None:
            return found
    return None


def _fused(graph, node):
    """The node that a rule writes instead, or None."""
    for kind, attributes, patterns in RULES:
        for pattern in patterns:
            found = match(graph, pattern, node.outputs[0], {})
            if found is None:
                continue
            if kind == "ScaledDotProduct":
                return _attention(graph, node, found)
            return Node(kind, [found["x"]], node.outputs, dict(attributes))
    return None


def _attention(graph, node, found):
    """Scaled dot-product attention of q [.., heads, rows, k], k [.., heads, k, columns] and v, all of rank 4."""
    if any(len(graph.shape(found[name])) != 4 for name in "qkv"):
        return None
    scale = graph.scalar(found["#scale"]) if "#scale" in found else 1.0
    scale /= graph.scalar(found["#divisor"]) if "#divisor" in found else 1.0
    operands = []
    for name in "qk":  # exporters scale both by a root of the scale
        scaled = match(graph, ("Mul", "x", "#scale"), found[name], {})
        scale *= graph.scalar(scaled["#scale"]) if scaled else 1.0
        operands.append(scaled["x"] if scaled else found[name])
    mask = [found["mask"]] if "mask" in found else []
    attributes = {"scale": scale, "causal": _causal(graph, mask)}
    return Node("ScaledDotProduct", [*operands, found["v"], *mask], node.outputs, attributes)


def _causal(graph, mask):
    """Whether the mask hides exactly what lies above the diagonal."""
    array = graph.constants.get(mask[0]) if mask else None
    if array is None or array.ndim < 2 or array.size != array.shape[-1] ** 2 or array.shape[-1] != array.shape[-2]:
        return False
    square = array.reshape(array.shape[-2:])
    above = np.triu(np.ones_like(square, bool), 1)
    return bool((square[above] < -1e30).all() and (square[~above] == 0).all())


def _linear(graph, node, uses):
    """A product with a constant matrix, and the sum with a constant vector behind it."""
    if node.kind == "MatMul" and _is_matrix(graph, node.inputs[1]):
        return Node("Linear", node.inputs, node.outputs, {"transB": 0})
    if node.kind == "Gemm" and _is_matrix(graph, node.inputs[1]) and not node.attributes.get("transA", 0):
        plain = all(node.attributes.get(key, 1.0) == 1.0 for key in ("alpha", "beta"))
        bias = graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
        if plain and (len(node.inputs) == 2 or bias is not None and bias.ndim == 1 and bias.size > 1):
            return Node("Linear", node.inputs, node.outputs, {"transB": node.attributes.get("transB", 0)})
    if node.kind == "Add":
        for product, bias in itertools.permutations(node.inputs):
            layer, vector = graph.producers.get(product), graph.constants.get(bias)
            if (layer and layer.kind == "Linear" and len(layer.inputs) == 2 and uses[product] == 1 and vector is not None
                    and vector.shape == graph.shape(product)[-1:]):
                return Node("Linear", [*layer.inputs, bias], node.outputs, layer.attributes)
    return None


def _is_matrix(graph, name):
    return name in graph.constants and graph.constants[name].ndim == 2


def rewrite(graph):
    """Applies the rules from the inputs on; what they replace is dropped."""
    graph.index()
    for node in graph.nodes:
        if node.kind in ("Softmax", "LogSoftmax"):
            axis = node.attributes.get("axis", -1 if graph.opset >= 13 else 1)
            node.attributes["axis"] = -1 if len(graph.shape(node.inputs[0])) == axis + 1 else axis
    uses = {name: 0 for name in graph.producers}
    for name in itertools.chain(graph.outputs, *(node.inputs for node in graph.nodes)):
        uses[name] = uses.get(name, 0) + 1
    for index, node in enumerate(graph.nodes):
        replacement = _linear(graph, node, uses) or _fused(graph, node)
        if replacement:
            graph.nodes[index] = replacement
            graph.producers[node.outputs[0]] = replacement
    graph.drop_unused()
