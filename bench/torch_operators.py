"""ONNX operators as torch calls: each function takes a Writer of torch_models.py and a node, and returns the Python
expression of the node's result (of the tuple of its results where it has several)."""
import math

import numpy as np
from onnx import helper

from torch_graph import Unsupported

OPERATORS = {}


def operator(*kinds):
    def register(function):
        OPERATORS.update(dict.fromkeys(kinds, function))
        return function
    return register


def _call(template):
    return lambda w, node: template.format(*map(w.value, node.inputs))


OPERATORS |= {kind: _call(template) for kind, template in {
    "Relu": "F.relu({})", "Sigmoid": "torch.sigmoid({})", "Tanh": "torch.tanh({})", "Erf": "torch.erf({})",
    "Sqrt": "torch.sqrt({})", "Exp": "torch.exp({})", "Log": "torch.log({})", "Neg": "-{}", "Abs": "torch.abs({})",
    "Reciprocal": "torch.reciprocal({})", "Floor": "torch.floor({})", "Ceil": "torch.ceil({})", "Sin": "torch.sin({})",
    "Cos": "torch.cos({})", "Softplus": "F.softplus({})", "Softsign": "F.softsign({})", "Silu": "F.silu({})",
    "HardSwish": "F.hardswish({})", "Not": "~{}", "Identity": "{}", "MatMul": "torch.matmul({}, {})",
    "PRelu": "torch.where({0} < 0, {0} * {1}, {0})", "GlobalAveragePool": "F.adaptive_avg_pool2d({}, 1)",
}.items()}


def _infix(template):
    def write(w, node):
        first, second = node.inputs
        return template.format(w.operand(first, second), w.operand(second, first))
    return write


OPERATORS |= {kind: _infix(template) for kind, template in {
    "Add": "{} + {}", "Sub": "{} - {}", "Mul": "{} * {}", "Pow": "{} ** {}", "And": "{} & {}", "Or": "{} | {}",
    "Xor": "{} ^ {}", "Equal": "{} == {}", "Less": "{} < {}", "Greater": "{} > {}", "LessOrEqual": "{} <= {}",
    "GreaterOrEqual": "{} >= {}",
}.items()}


@operator("Div")
def _div(w, node):
    first, second = node.inputs
    numbers = w.operand(first, second), w.operand(second, first)
    if any(w.is_integer(name) for name in node.inputs):
        return "torch.div({}, {}, rounding_mode='trunc')".format(*numbers)
    return "{} / {}".format(*numbers)


@operator("Where")
def _where(w, node):
    return f"torch.where({w.value(node.inputs[0])}, {w.value(node.inputs[1])}, {w.value(node.inputs[2])})"


@operator("Min", "Max", "Sum")
def _variadic(w, node):
    call = {"Min": "torch.minimum({}, {})", "Max": "torch.maximum({}, {})", "Sum": "{} + {}"}[node.kind]
    result = w.value(node.inputs[0])
    for name in node.inputs[1:]:
        result = call.format(result, w.value(name))
    return result


@operator("Clip")
def _clip(w, node):
    bounds = [node.attributes.get("min"), node.attributes.get("max")]
    for i, name in enumerate(node.inputs[1:]):
        bounds[i] = w.constant(name, node).item() if name else None
    if bounds == [None, None]:
        return w.value(node.inputs[0])
    if bounds == [0, 6]:
        return f"F.relu6({w.value(node.inputs[0])})"
    return f"torch.clamp({w.value(node.inputs[0])}, {bounds[0]}, {bounds[1]})"


@operator("HardSigmoid")
def _hard_sigmoid(w, node):
    x, alpha, beta = w.value(node.inputs[0]), node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    usual = math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5
    return f"F.hardsigmoid({x})" if usual else f"torch.clamp({x} * {alpha} + {beta}, 0, 1)"


@operator("LeakyRelu")
def _leaky_relu(w, node):
    return f"F.leaky_relu({w.value(node.inputs[0])}, {node.attributes.get('alpha', 0.01)})"


@operator("Elu")
def _elu(w, node):
    return f"F.elu({w.value(node.inputs[0])}, {node.attributes.get('alpha', 1.0)})"


@operator("Gelu")
def _gelu(w, node):
    return f"F.gelu({w.value(node.inputs[0])}, approximate='{node.attributes.get('approximate', 'none')}')"


@operator("Cast")
def _cast(w, node):
    dtype = helper.tensor_dtype_to_np_dtype(node.attributes["to"])
    return f"{w.value(node.inputs[0])}.to(torch.{dtype.name})"


# Products.

@operator("Linear")
def _linear(w, node):
    matrix = w.constant(node.inputs[1], node)
    weight = w.parameter(matrix if node.attributes["transB"] else np.ascontiguousarray(matrix.T))
    bias = f", {w.value(node.inputs[2])}" if len(node.inputs) > 2 else ""
    return f"F.linear({w.value(node.inputs[0])}, {weight}{bias})"


@operator("Gemm")
def _gemm(w, node):
    a, b = (w.value(name) + (".t()" if node.attributes.get(flag, 0) else "")
            for name, flag in zip(node.inputs, ("transA", "transB")))
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    if len(node.inputs) == 2:
        return f"torch.mm({a}, {b}) * {alpha}"
    return f"torch.addmm({w.value(node.inputs[2])}, {a}, {b}, alpha={alpha}, beta={beta})"


@operator("ScaledDotProduct")
def _attention(w, node):
    q, k, v = map(w.value, node.inputs[:3])
    causal = node.attributes["causal"] and w.graph.shape(node.inputs[0])[-2] == w.graph.shape(node.inputs[1])[-1]
    mask = "is_causal=True, " if causal else f"attn_mask={w.value(node.inputs[3])}, " if len(node.inputs) > 3 else ""
    return f"F.scaled_dot_product_attention({q}, {k}.transpose(-2, -1), {v}, {mask}scale={node.attributes['scale']})"


@operator("LSTM")
def _lstm(w, node):
    x, weights, recurrent, bias, lengths, hidden, cell, peepholes = node.inputs + [""] * (8 - len(node.inputs))
    direction = node.attributes.get("direction", "forward")
    if (lengths or peepholes or direction == "reverse" or node.attributes.get("layout", 0) or node.attributes.get("clip")
            or node.attributes.get("input_forget", 0) or node.attributes.get("activations")):
        raise Unsupported(f"{node}: lengths, peepholes, reverse, clip, input_forget, activations and layout 1")
    size, count = node.attributes["hidden_size"], 2 if direction == "bidirectional" else 1
    parts = [np.split(w.constant(name, node), [4 * size], -1) if name == bias else [w.constant(name, node)]
             for name in (weights, recurrent, bias) if name]
    gates = [0, 2, 3, 1]  # input, output, forget, cell become input, forget, cell, output
    flat = [w.parameter(np.concatenate([part[d].reshape(4, size, *part.shape[2:])[g] for g in gates]))
            for d in range(count) for role in parts for part in role]
    batch = w.graph.shape(x)[1]
    states = [w.value(name) if name else w.parameter(np.zeros((count, batch, size), np.float32)) for name in (hidden, cell)]
    call = (f"torch.lstm({w.value(x)}, ({', '.join(states)}), ({', '.join(flat)},), {bool(bias)}, 1, 0.0, False, "
            f"{count == 2}, False)")
    y = w.temporary(call)
    output = f"{y}[0].unflatten(-1, ({count}, {size})).transpose(1, 2)"
    return output if len(node.outputs) == 1 else ", ".join([output, f"{y}[1]", f"{y}[2]"][:len(node.outputs)])


# Convolutions and pooling.

def _padding(w, node, kernel, strides, dilations):
    """Padding per spatial dimension where both sides agree, and else the argument of F.pad in front."""
    mode = node.attributes.get("auto_pad", "NOTSET")
    rank = len(kernel)
    pads = node.attributes.get("pads", [0] * 2 * rank)
    if mode.startswith("SAME"):
        size = w.graph.shape(node.inputs[0])[2:]
        total = [max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n) for n, k, s, d in zip(size, kernel, strides, dilations)]
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        pads = small + large if mode == "SAME_UPPER" else large + small
    begin, end = pads[:rank], pads[rank:]
    if list(begin) == list(end):
        return tuple(begin), None
    return (0,) * rank, [side for pair in zip(reversed(begin), reversed(end)) for side in pair]


def _window(node, kernel):
    ones = [1] * len(kernel)
    return tuple(node.attributes.get("strides", ones)), tuple(node.attributes.get("dilations", ones))


@operator("Conv")
def _conv(w, node):
    kernel = w.graph.shape(node.inputs[1])[2:]
    strides, dilations = _window(node, kernel)
    padding, around = _padding(w, node, kernel, strides, dilations)
    x = w.image(node.inputs[0])
    x = f"F.pad({x}, {around})" if around else x
    bias = w.value(node.inputs[2]) if len(node.inputs) > 2 else None
    return (f"F.conv{len(kernel)}d({x}, {w.filters(node.inputs[1])}, {bias}, stride={strides}, padding={padding}, "
            f"dilation={dilations}, groups={node.attributes.get('group', 1)})")


@operator("ConvTranspose")
def _conv_transpose(w, node):
    kernel = w.graph.shape(node.inputs[1])[2:]
    strides, dilations = _window(node, kernel)
    padding, around = _padding(w, node, kernel, strides, dilations)
    if around or "output_shape" in node.attributes or node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Unsupported(f"{node}: padding that differs between sides or is given by the output's shape")
    bias = w.value(node.inputs[2]) if len(node.inputs) > 2 else None
    extra = tuple(node.attributes.get("output_padding", [0] * len(kernel)))
    return (f"F.conv_transpose{len(kernel)}d({w.image(node.inputs[0])}, {w.filters(node.inputs[1])}, {bias}, stride={strides}, "
            f"padding={padding}, output_padding={extra}, groups={node.attributes.get('group', 1)}, dilation={dilations})")


@operator("MaxPool", "AveragePool")
def _pool(w, node):
    kernel = tuple(node.attributes["kernel_shape"])
    strides, dilations = _window(node, kernel)
    padding, around = _padding(w, node, kernel, strides, dilations)
    ceil, counted = (bool(node.attributes.get(flag, 0)) for flag in ("ceil_mode", "count_include_pad"))
    x, largest = w.image(node.inputs[0]), node.kind == "MaxPool"
    around = around or any(p > k // 2 for p, k in zip(padding, kernel)) and [p for p in padding[::-1] for _ in range(2)]
    if len(node.outputs) > 1 or not largest and (around and not counted or any(d > 1 for d in dilations)):
        raise Unsupported(f"{node}: indices, dilated means, and means over unequal or wide padding that does not count")
    if around:
        value = ", value=-math.inf" if largest else ""
        x, padding = f"F.pad({x}, {around}{value})", (0,) * len(kernel)
    if largest:
        return f"F.max_pool{len(kernel)}d({x}, {kernel}, {strides}, {padding}, {dilations}, ceil_mode={ceil})"
    return f"F.avg_pool{len(kernel)}d({x}, {kernel}, {strides}, {padding}, ceil_mode={ceil}, count_include_pad={counted})"


@operator("Resize")
def _resize(w, node):
    mode = node.attributes.get("mode", "nearest")
    coordinates = node.attributes.get("coordinate_transformation_mode", "half_pixel")
    before, after = w.graph.shape(node.inputs[0]), w.graph.shape(node.outputs[0])
    if len(before) != 4 or before[:2] != after[:2] or node.attributes.get("antialias", 0):
        raise Unsupported(f"{node}: only the last two of four dimensions can be resized")
    scales = w.constant(node.inputs[2], node) if len(node.inputs) > 2 and node.inputs[2] else []
    exact = len(scales) == 0 or all(n == m * scale for n, m, scale in zip(after, before, scales))
    whole = all(n % m == 0 for n, m in zip(after, before))
    rounding = node.attributes.get("nearest_mode", "round_prefer_floor")
    x = w.image(node.inputs[0])
    if mode == "nearest" and whole and exact and (coordinates == "asymmetric" and rounding == "floor"
                                                  or coordinates == "half_pixel" and rounding.startswith("round")):
        return f"F.interpolate({x}, size={after[2:]}, mode='nearest')"
    if mode == "linear" and exact and coordinates in ("half_pixel", "align_corners"):
        return f"F.interpolate({x}, size={after[2:]}, mode='bilinear', align_corners={coordinates == 'align_corners'})"
    raise Unsupported(f"{node}: mode {mode} with coordinates {coordinates}, {rounding}, from {before} to {after}")


# Normalisation and reductions.

@operator("LayerNormalization")
def _layer_norm(w, node):
    shape = w.graph.shape(node.inputs[0])
    axis = node.attributes.get("axis", -1)
    if len(node.outputs) > 1 or any(w.graph.shape(name) != shape[axis:] for name in node.inputs[1:] if name):
        raise Unsupported(f"{node}: mean and deviation as results, and scales of another shape")
    scale, bias = (w.value(name) if name else None for name in (node.inputs[1:] + [""])[:2])
    return f"F.layer_norm({w.value(node.inputs[0])}, {shape[axis:]}, {scale}, {bias}, {node.attributes.get('epsilon', 1e-5)})"


@operator("BatchNormalization")
def _batch_norm(w, node):
    if len(node.outputs) > 1 or node.attributes.get("training_mode", 0):
        raise Unsupported(f"{node}: training")
    x, scale, bias, mean, variance = map(w.value, node.inputs)
    return f"F.batch_norm({x}, {mean}, {variance}, {scale}, {bias}, eps={node.attributes.get('epsilon', 1e-5)})"


@operator("LRN")
def _lrn(w, node):
    a = node.attributes
    return (f"F.local_response_norm({w.value(node.inputs[0])}, {a['size']}, {a.get('alpha', 1e-4)}, {a.get('beta', 0.75)}, "
            f"{a.get('bias', 1.0)})")


@operator("Softmax", "LogSoftmax")
def _softmax(w, node):
    axis, rank = node.attributes["axis"], len(w.graph.shape(node.inputs[0]))
    x, call = w.value(node.inputs[0]), "F.softmax" if node.kind == "Softmax" else "F.log_softmax"
    if w.graph.opset >= 13 or axis % rank == rank - 1:
        return f"{call}({x}, {axis})"
    return f"{call}({x}.flatten({axis}), -1).view({w.graph.shape(node.inputs[0])})"  # of all dimensions from the axis on


@operator("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def _reduce(w, node):
    axes = w.axes(node)
    if not axes and node.attributes.get("noop_with_empty_axes", 0):
        return w.value(node.inputs[0])
    axes = axes or tuple(range(len(w.graph.shape(node.inputs[0]))))
    call = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin"}[node.kind]
    return f"{w.value(node.inputs[0])}.{call}({axes}, {bool(node.attributes.get('keepdims', 1))})"


# Shapes.

@operator("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def _reshape(w, node):
    if w.graph.shape(node.outputs[0]) == w.graph.shape(node.inputs[0]):
        return w.value(node.inputs[0])
    return f"{w.value(node.inputs[0])}.reshape({w.graph.shape(node.outputs[0])})"


@operator("Transpose")
def _transpose(w, node):
    order = node.attributes.get("perm", range(len(w.graph.shape(node.inputs[0])))[::-1])
    return f"{w.value(node.inputs[0])}.permute({tuple(order)})"


@operator("Expand")
def _expand(w, node):
    return f"{w.value(node.inputs[0])}.expand({w.graph.shape(node.outputs[0])})"


@operator("Concat")
def _concat(w, node):
    return f"torch.cat(({', '.join(map(w.value, node.inputs))},), {node.attributes['axis']})"


@operator("Split")
def _split(w, node):
    axis = node.attributes.get("axis", 0)
    return f"torch.split({w.value(node.inputs[0])}, {[w.graph.shape(name)[axis] for name in node.outputs]}, {axis})"


@operator("Slice")
def _slice(w, node):
    a, rank = node.attributes, len(w.graph.shape(node.inputs[0]))
    if len(node.inputs) > 1:
        roles = [w.ints(name, node) if name else None for name in node.inputs[1:]]
    else:
        roles = [a["starts"], a["ends"], a.get("axes")]
    starts, ends, axes, steps = (roles + [None] * 2)[:4]
    ranges = [":"] * rank
    for start, end, axis, step in zip(starts, ends, axes or range(len(starts)), steps or [1] * len(starts)):
        if step < 0:
            raise Unsupported(f"{node}: negative steps")
        ranges[axis] = f"{start}:{end}" + (f":{step}" if step != 1 else "")
    return f"{w.value(node.inputs[0])}[{', '.join(ranges)}]"


@operator("Pad")
def _pad(w, node):
    pads = w.ints(node.inputs[1], node) if len(node.inputs) > 1 else node.attributes["pads"]
    value = node.attributes.get("value", 0.0)
    if len(node.inputs) > 2 and node.inputs[2]:
        value = w.constant(node.inputs[2], node).item()
    if node.attributes.get("mode", "constant") != "constant" or len(node.inputs) > 3 and node.inputs[3]:
        raise Unsupported(f"{node}: only constants around all dimensions")
    rank = len(pads) // 2
    sides = [pads[i + side] for i in range(rank)[::-1] for side in (0, rank)]
    return f"F.pad({w.value(node.inputs[0])}, {sides}, value={value})"


@operator("Gather")
def _gather(w, node):
    data, indices, axis = *node.inputs, node.attributes.get("axis", 0)
    number = w.graph.scalar(indices)
    if number is not None and w.graph.shape(indices) == ():
        return f"{w.value(data)}.select({axis}, {number})"
    if axis == 0 and len(w.graph.shape(data)) == 2 and indices not in w.graph.constants:
        return f"F.embedding({w.value(indices)}, {w.value(data)})"
    before = ":, " * (axis % len(w.graph.shape(data)))
    return f"{w.value(data)}[{before}{w.value(indices)}]"


@operator("GatherND")
def _gather_nd(w, node):
    if node.attributes.get("batch_dims", 0):
        raise Unsupported(f"{node}: batch_dims")
    if node.inputs[1] in w.graph.constants:
        indices = w.constant(node.inputs[1], node)
        return f"{w.value(node.inputs[0])}[{', '.join(w.parameter(indices[..., i]) for i in range(indices.shape[-1]))}]"
    return f"{w.value(node.inputs[0])}[{w.value(node.inputs[1])}.unbind(-1)]"
