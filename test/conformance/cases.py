"""ONNX's own operator cases, from the installed `onnx` package, as files."""

import os
import pathlib
import warnings

import numpy as np
import onnx
from onnx import numpy_helper


def _to_proto(value, info):
    if isinstance(value, onnx.TensorProto):
        return value
    if info.type.HasField("sequence_type"):
        return numpy_helper.from_list(value, info.name)
    if info.type.HasField("optional_type"):
        return numpy_helper.from_optional(value, info.name)
    if isinstance(value, dict):
        return numpy_helper.from_dict(value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def _write_case(case, folder):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    onnx.save(case.model, folder / "model.onnx")
    inputs, outputs = case.data_sets[0]
    for kind, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
        for i, (value, info) in enumerate(zip(values, infos)):
            (data / f"{kind}_{i}.pb").write_bytes(_to_proto(value, info).SerializeToString())


def write_cases(folder):
    """Writes NAME/model.onnx and NAME/test_data_set_0/{input,output}_N.pb for every case, once per version of the
    package; returns the names."""
    folder = pathlib.Path(folder)
    listing = folder / f"onnx-{onnx.__version__}.txt"
    if not listing.exists():
        from onnx.backend.test.case.node import collect_testcases
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cases = [case for case in collect_testcases(None) if case.data_sets]
        for case in cases:
            _write_case(case, folder / case.name)
        temporary = folder / (listing.name + ".tmp")
        temporary.write_text("\n".join(sorted(case.name for case in cases)))
        os.replace(temporary, listing)
    return listing.read_text().split()


def read_value(path, info):
    """The value in a .pb file; `info` is the graph's declaration of it."""
    kind = info.type.WhichOneof("value")
    proto = {"sequence_type": onnx.SequenceProto, "optional_type": onnx.OptionalProto,
             "map_type": onnx.MapProto}.get(kind, onnx.TensorProto)()
    proto.ParseFromString(pathlib.Path(path).read_bytes())
    read = {"sequence_type": numpy_helper.to_list, "optional_type": numpy_helper.to_optional,
            "map_type": numpy_helper.to_dict}.get(kind, numpy_helper.to_array)
    return read(proto)


def read_case(folder):
    """The model and its inputs and outputs as lists of (name, value)."""
    folder = pathlib.Path(folder)
    model = onnx.load(folder / "model.onnx")

    def values(kind, infos):
        data = folder / "test_data_set_0"
        return [(info.name, read_value(data / f"{kind}_{i}.pb", info)) for i, info in enumerate(infos)
                if (data / f"{kind}_{i}.pb").exists()]

    return model, values("input", model.graph.input), values("output", model.graph.output)


def _is_operand(model, name, value):
    """Whether an input says how to compute rather than what with: a scalar, a few integers, scales of a Resize."""
    if not isinstance(value, np.ndarray) or value.dtype == object or value.ndim > 1 or value.size >= 100:
        return False
    return value.ndim == 0 or np.issubdtype(value.dtype, np.integer) or any(
        name in node.input[1:] for node in model.graph.node if node.op_type in ("Resize", "Upsample"))


def bind_small_inputs(model, inputs):
    """Moves such operands into the model as constants: an ahead-of-time compiler has to know shapes and axes. Returns
    the inputs that are left, or None where there is nothing to move."""
    bound = {name: value for name, value in inputs if _is_operand(model, name, value)}
    if not bound:
        return None
    kept = [info for info in model.graph.input if info.name not in bound]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in bound.items())
    return [(name, value) for name, value in inputs if name not in bound]
