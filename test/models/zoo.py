"""The models of the end-to-end tests and benchmarks: graphs with seeded weights, and inputs for them.

graphs/NAME.onnx are whole graphs as PyTorch's exporter writes them (torchvision and transformers architectures, opset
20), without their large weights; graphs/NAME.fill.json says which mean and deviation each has to have, so that
activations stay in a realistic range. architectures.py writes graphs of further ones. The `light` models are the ones
inside the `onnx` package.
"""
import json
import os
import pathlib
import shutil

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from architectures import ARCHITECTURES

GRAPHS = pathlib.Path(__file__).resolve().parent / "graphs"
LIGHT = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
# Sizes of symbolic dimensions that dynamic models are tested with.
DYNAMIC_SIZES = {"bert_base_dyn": [{"batch": 1, "seq": 16}, {"batch": 3, "seq": 7}, {"batch": 2, "seq": 128}]}


def names():
    exported = sorted(path.stem for path in GRAPHS.glob("*.onnx"))
    light = sorted(path.stem for path in LIGHT.glob("light_*.onnx"))
    return exported + list(ARCHITECTURES) + light + [name + "_random" for name in light]


def prepare(name, folder):
    """Path of the model with its weights in `folder`; made there when it is missing."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    if path.exists():
        return path
    if name in ARCHITECTURES:
        source = folder / f"{name}.tmp"
        onnx.save(ARCHITECTURES[name](), source)
    elif not name.startswith("light_"):
        _write_weights(name, folder)
        source = GRAPHS / f"{name}.onnx"
    elif name.endswith("_random"):
        source = folder / f"{name}.tmp"
        onnx.save(_with_random_weights(onnx.load(LIGHT / f"{name[:-len('_random')]}.onnx")), source)
    else:
        source = LIGHT / f"{name}.onnx"
    shutil.copyfile(source, folder / f"{name}.partial")
    os.replace(folder / f"{name}.partial", path)
    (folder / f"{name}.tmp").unlink(missing_ok=True)
    return path


def _write_weights(name, folder):
    spec = json.loads((GRAPHS / f"{name}.fill.json").read_text())
    rng = np.random.default_rng(spec["seed"])
    with open(folder / f"{name}.weights", "wb") as file:
        for offset, size, mean, deviation, low in spec["tensors"]:
            file.write(b"\0" * (offset - file.tell()))
            values = rng.standard_normal(size, dtype=np.float32) * np.float32(deviation) + np.float32(mean)
            file.write((np.abs(values) if low >= 0 else values).tobytes())  # variances and scales stay positive


def _role(graph, value):
    """The operator that uses `value` as a weight, and at which position."""
    for node in graph.node:
        if value in node.input:
            if node.op_type in ("Unsqueeze", "Reshape"):
                return _role(graph, node.output[0])
            return node, list(node.input).index(value)
    raise ValueError(f"nothing uses {value}")


def _random_weight(rng, shape, node, position):
    noise = rng.standard_normal(shape, dtype=np.float32)
    if node.op_type == "BatchNormalization" and position in (1, 4) or node.op_type == "Mul":
        return np.abs(1 + np.float32(0.1) * noise)
    if len(shape) < 2 or node.op_type == "Add":
        return np.float32(0.1) * noise
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    fan_in = np.prod(shape[1:]) if node.op_type == "Conv" or transposed else shape[0]
    return noise * np.float32(np.sqrt(2 / fan_in))


def _with_random_weights(model):
    """The model with seeded weights in place of those that its ConstantOfShape nodes make."""
    graph, rng = model.graph, np.random.default_rng(7)
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = [node for node in graph.node if node.op_type == "ConstantOfShape" and node.input[0] in shapes]
    for node in made:
        weight = _random_weight(rng, tuple(shapes[node.input[0]]), *_role(graph, node.output[0]))
        graph.initializer.append(numpy_helper.from_array(weight, node.output[0]))
        graph.node.remove(node)
    for node in graph.node:  # a softmax at the end hides the numbers that it saturates
        if node.op_type == "Softmax" and node.output[0] == graph.output[0].name:
            graph.output.append(onnx.ValueInfoProto(name=node.input[0]))
    return onnx.shape_inference.infer_shapes(model)


def _vocabulary(model, name):
    """How many rows the table has that `name` indexes."""
    for node in model.graph.node:
        if node.op_type == "Gather" and node.input[1] == name:
            return next(t.dims[0] for t in model.graph.initializer if t.name == node.input[0])
    return None


def make_inputs(path, sizes=None, seed=0):
    """Seeded inputs by name; `sizes` gives symbolic dimensions a value."""
    model = onnx.load(path, load_external_data=False)
    rng = np.random.default_rng(seed)
    initializers = {tensor.name for tensor in model.graph.initializer}
    feeds = {}
    for info in model.graph.input:
        if info.name in initializers:
            continue
        tensor = info.type.tensor_type
        shape = [dim.dim_value or sizes[dim.dim_param] for dim in tensor.shape.dim]
        if tensor.elem_type == TensorProto.FLOAT:
            feeds[info.name] = rng.standard_normal(shape, dtype=np.float32)
        elif "mask" in info.name:  # the last quarter of each sequence is padding
            feeds[info.name] = np.ones(shape, np.int64)
            feeds[info.name][..., shape[-1] - shape[-1] // 4:] = 0
        else:
            feeds[info.name] = rng.integers(0, _vocabulary(model, info.name) or 2, shape, dtype=np.int64)
    return feeds
