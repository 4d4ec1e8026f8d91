"""Graphs of well-known architectures, written node by node in the idioms of PyTorch's exporter (opset 17 and 20), with
seeded weights: what the exported graphs beside this file do not contain. They show whether general means carry over.
"""
import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes in order; every method returns the name of its result."""

    def __init__(self, seed=11, opset=17):
        self.rng, self.opset, self.count = np.random.default_rng(seed), opset, 0
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value):
        self.outputs.append(helper.make_empty_tensor_value_info(value))

    def op(self, kind, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"/{kind}_{self.count}_{i}" if outputs > 1 else f"/{kind}_{self.count}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, f"/node_{self.count}/{kind}", **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values, dtype=None):
        self.count += 1
        name = f"constant_{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype or np.float32), name))
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def weight(self, *shape, fan_in=None, gain=1.0):
        scale = gain / math.sqrt(fan_in or shape[0])
        return self.constant(self.rng.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    def small(self, n, around=0.0):
        return self.constant(around + 0.05 * self.rng.standard_normal(n, dtype=np.float32))

    def conv(self, x, channels, filters, kernel=1, stride=1, pad=None, group=1, bias=True):
        pad = kernel // 2 if pad is None else pad
        fan_in = channels // group * kernel * kernel
        w = self.weight(filters, channels // group, kernel, kernel, fan_in=fan_in, gain=math.sqrt(2))
        return self.op("Conv", x, w, *([self.small(filters)] if bias else []), kernel_shape=[kernel] * 2, pads=[pad] * 4,
                       strides=[stride] * 2, group=group, dilations=[1, 1])

    def linear(self, x, n, m, bias=True, gain=1.0):
        y = self.op("MatMul", x, self.weight(n, m, gain=gain))
        return self.op("Add", self.small(m), y) if bias else y

    def layer_norm(self, x, n, epsilon=1e-6):
        return self.op("LayerNormalization", x, self.small(n, 1.0), self.small(n), axis=-1, epsilon=epsilon)

    def rms_norm(self, x, n, epsilon=1e-6):
        mean = self.op("ReduceMean", self.op("Pow", x, self.constant(2.0)), self.ints(-1), keepdims=1) if self.opset >= 18 else \
            self.op("ReduceMean", self.op("Pow", x, self.constant(2.0)), axes=[-1], keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.constant(epsilon)))
        return self.op("Mul", self.small(n, 1.0), self.op("Mul", x, self.op("Div", self.constant(1.0), root)))

    def gelu(self, x):
        erf = self.op("Erf", self.op("Div", x, self.constant(math.sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", erf, self.constant(1.0))), self.constant(0.5))

    def silu(self, x):
        return self.op("Mul", x, self.op("Sigmoid", x))

    def transpose(self, x, *perm):
        return self.op("Transpose", x, perm=list(perm))

    def reshape(self, x, *shape):
        return self.op("Reshape", x, self.ints(*shape))

    def attention(self, q, k, v, heads, size, mask=None):
        """[batch, tokens, heads * size] each; k and v may have fewer heads (grouped queries are repeated before)."""
        q = self.transpose(self.reshape(q, 0, -1, heads, size), 0, 2, 1, 3)
        k = self.transpose(self.reshape(k, 0, -1, heads, size), 0, 2, 3, 1)
        v = self.transpose(self.reshape(v, 0, -1, heads, size), 0, 2, 1, 3)
        return self.attend(q, k, v, heads * size, size, mask)

    def attend(self, q, k, v, width, size, mask=None):
        scale = self.constant(1 / math.sqrt(math.sqrt(size)))  # as scaled_dot_product_attention is exported
        scores = self.op("MatMul", self.op("Mul", q, scale), self.op("Mul", k, scale))
        if mask:
            scores = self.op("Add", scores, mask)
        y = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        return self.reshape(self.transpose(y, 0, 2, 1, 3), 0, -1, width)

    def model(self):
        graph = helper.make_graph(self.nodes, "main", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        from onnx import shape_inference
        inferred = shape_inference.infer_shapes(model)
        known = {value.name: value for value in inferred.graph.value_info}
        outputs = [known.get(value.name) or value for value in inferred.graph.output]
        del model.graph.output[:]
        model.graph.output.extend(outputs)
        return model


def vit(size=224, patch=16, width=768, layers=12, heads=12):
    g = Graph()
    tokens = (size // patch) ** 2
    x = g.conv(g.input("pixel_values", [1, 3, size, size]), 3, width, patch, patch, 0)
    x = g.transpose(g.reshape(x, 1, width, tokens), 0, 2, 1)
    x = g.op("Concat", g.weight(1, 1, width, fan_in=1), x, axis=1)
    x = g.op("Add", x, g.weight(1, tokens + 1, width, fan_in=25))
    for _ in range(layers):
        h = g.layer_norm(x, width)
        qkv = g.transpose(g.reshape(g.linear(h, width, 3 * width), 1, tokens + 1, 3, heads, width // heads), 2, 0, 3, 1, 4)
        q, k, v = (g.op("Squeeze", part, g.ints(0)) for part in g.op("Split", qkv, g.ints(1, 1, 1), outputs=3, axis=0))
        h = g.attend(q, g.transpose(k, 0, 1, 3, 2), v, width, width // heads)
        x = g.op("Add", x, g.linear(h, width, width, gain=0.5))
        h = g.linear(g.gelu(g.linear(g.layer_norm(x, width), width, 4 * width)), 4 * width, width, gain=0.5)
        x = g.op("Add", x, h)
    x = g.op("Gather", g.layer_norm(x, width), g.constant(0, np.int64), axis=1)
    g.output(g.op("Gemm", x, g.weight(1000, width, fan_in=width), g.small(1000), transB=1))
    return g.model()


def convnext(size=224, depths=(3, 3, 9, 3), widths=(96, 192, 384, 768)):
    g = Graph()

    def norm(x, width):
        return g.transpose(g.layer_norm(g.transpose(x, 0, 2, 3, 1), width), 0, 3, 1, 2)

    x = norm(g.conv(g.input("pixel_values", [1, 3, size, size]), 3, widths[0], 4, 4, 0), widths[0])
    for stage, (depth, width) in enumerate(zip(depths, widths)):
        if stage:
            x = g.conv(norm(x, widths[stage - 1]), widths[stage - 1], width, 2, 2, 0)
        for _ in range(depth):
            h = g.layer_norm(g.transpose(g.conv(x, width, width, 7, group=width), 0, 2, 3, 1), width)
            h = g.linear(g.gelu(g.linear(h, width, 4 * width)), 4 * width, width)
            h = g.transpose(g.op("Mul", g.small(width, 0.3), h), 0, 3, 1, 2)
            x = g.op("Add", h, x)
    x = g.op("GlobalAveragePool", x)
    x = g.layer_norm(g.op("Flatten", x, axis=1), widths[-1])
    g.output(g.op("Gemm", x, g.weight(1000, widths[-1], fan_in=widths[-1]), g.small(1000), transB=1))
    return g.model()


def swin(size=224, patch=4, window=7, depths=(2, 2, 6, 2), width=96):
    g = Graph()
    x = g.conv(g.input("pixel_values", [1, 3, size, size]), 3, width, patch, patch, 0)
    x = g.layer_norm(g.transpose(x, 0, 2, 3, 1), width)
    side = size // patch

    def roll(x, shift):
        for axis in (1, 2):
            cut = shift % side
            tail = g.op("Slice", x, g.ints(cut), g.ints(2 ** 62), g.ints(axis), g.ints(1))
            head = g.op("Slice", x, g.ints(0), g.ints(cut), g.ints(axis), g.ints(1))
            x = g.op("Concat", tail, head, axis=axis)
        return x

    def region_mask(shift):
        labels = np.zeros((side, side))
        for i, rows in enumerate((slice(0, -window), slice(-window, -shift), slice(-shift, None))):
            for j, columns in enumerate((slice(0, -window), slice(-window, -shift), slice(-shift, None))):
                labels[rows, columns] = 3 * i + j
        n = side // window
        labels = labels.reshape(n, window, n, window).transpose(0, 2, 1, 3).reshape(n * n, window * window)
        return np.where(labels[:, None] == labels[:, :, None], 0, -100.0)[None, :, None]

    for stage, depth in enumerate(depths):
        heads, n, area = 3 << stage, side // window, window * window
        for block in range(depth):
            shift = window // 2 if block % 2 and n > 1 else 0
            h = g.layer_norm(x, width)
            h = roll(h, shift) if shift else h
            h = g.transpose(g.reshape(h, 1, n, window, n, window, width), 0, 1, 3, 2, 4, 5)
            h = g.linear(g.reshape(h, n * n, area, width), width, 3 * width)
            h = g.transpose(g.reshape(h, n * n, area, 3, heads, width // heads), 2, 0, 3, 1, 4)
            q, k, v = (g.op("Gather", h, g.constant(i, np.int64), axis=0) for i in range(3))
            q = g.op("Mul", q, g.constant((width // heads) ** -0.5))
            scores = g.op("MatMul", q, g.transpose(k, 0, 1, 3, 2))
            scores = g.op("Add", scores, g.weight(1, heads, area, area, fan_in=1))
            if shift:
                scores = g.reshape(scores, 1, n * n, heads, area, area)
                scores = g.reshape(g.op("Add", scores, g.constant(region_mask(shift))), n * n, heads, area, area)
            h = g.transpose(g.op("MatMul", g.op("Softmax", scores, axis=-1), v), 0, 2, 1, 3)
            h = g.linear(g.reshape(h, n * n, area, width), width, width, gain=0.5)
            h = g.transpose(g.reshape(h, 1, n, n, window, window, width), 0, 1, 3, 2, 4, 5)
            h = g.reshape(h, 1, side, side, width)
            h = roll(h, -shift) if shift else h
            x = g.op("Add", x, h)
            h = g.linear(g.gelu(g.linear(g.layer_norm(x, width), width, 4 * width)), 4 * width, width, gain=0.5)
            x = g.op("Add", x, h)
        if stage + 1 < len(depths):
            parts = []
            for column in (0, 1):
                for row in (0, 1):
                    half = g.op("Slice", x, g.ints(row), g.ints(2 ** 62), g.ints(1), g.ints(2))
                    parts.append(g.op("Slice", half, g.ints(column), g.ints(2 ** 62), g.ints(2), g.ints(2)))
            x = g.layer_norm(g.op("Concat", *parts, axis=-1), 4 * width)
            x, width, side = g.linear(x, 4 * width, 2 * width, bias=False), 2 * width, side // 2
    x = g.op("ReduceMean", g.layer_norm(x, width), axes=[1, 2], keepdims=0)
    g.output(g.op("Gemm", x, g.weight(1000, width, fan_in=width), g.small(1000), transB=1))
    return g.model()


def mobilenet_v3(size=224):
    """Kernel, expanded, out, squeeze-and-excite, hard swish, stride per block (Howard et al., table 1)."""
    blocks = [(3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
              (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
              (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1)]
    g, width = Graph(), 16
    x = g.op("HardSwish", g.conv(g.input("input", [1, 3, size, size]), 3, 16, 3, 2))
    for kernel, inner, out, excite, swish, stride in blocks:
        activation = "HardSwish" if swish else "Relu"
        h = g.op(activation, g.conv(x, width, inner)) if inner != width else x
        h = g.op(activation, g.conv(h, inner, inner, kernel, stride, group=inner))
        if excite:
            few = max(8, (inner // 4 + 4) // 8 * 8)
            s = g.op("Relu", g.conv(g.op("GlobalAveragePool", h), inner, few))
            h = g.op("Mul", g.op("HardSigmoid", g.conv(s, few, inner), alpha=1 / 6), h)
        h = g.conv(h, inner, out)
        x, width = (g.op("Add", h, x) if stride == 1 and width == out else h), out
    x = g.op("GlobalAveragePool", g.op("HardSwish", g.conv(x, width, 960)))
    x = g.op("Flatten", x, axis=1)
    x = g.op("HardSwish", g.op("Gemm", x, g.weight(1280, 960, fan_in=960), g.small(1280), transB=1))
    g.output(g.op("Gemm", x, g.weight(1000, 1280, fan_in=1280), g.small(1000), transB=1))
    return g.model()


def resnext50(size=224):
    g = Graph()
    x = g.op("Relu", g.conv(g.input("input", [1, 3, size, size]), 3, 64, 7, 2))
    x, width = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for stage, depth in enumerate((3, 4, 6, 3)):
        inner, out = 128 << stage, 256 << stage
        for block in range(depth):
            stride = 2 if stage and not block else 1
            h = g.op("Relu", g.conv(x, width, inner))
            h = g.op("Relu", g.conv(h, inner, inner, 3, stride, group=32))
            h = g.conv(h, inner, out)
            x, width = g.op("Relu", g.op("Add", h, x if block else g.conv(x, width, out, 1, stride))), out
    x = g.op("Flatten", g.op("GlobalAveragePool", x), axis=1)
    g.output(g.op("Gemm", x, g.weight(1000, width, fan_in=width), g.small(1000), transB=1))
    return g.model()


def yolo(size=640):
    """A small detector: split residual blocks, pooled pyramid, upsampling neck, three heads (the YOLOv8n idiom)."""
    g = Graph()

    def unit(x, n, m, kernel=1, stride=1):
        return g.silu(g.conv(x, n, m, kernel, stride))

    def c2f(x, n, m, depth, shortcut):
        parts = list(g.op("Split", unit(x, n, m), g.ints(m // 2, m // 2), outputs=2, axis=1))
        for _ in range(depth):
            h = unit(unit(parts[-1], m // 2, m // 2, 3), m // 2, m // 2, 3)
            parts.append(g.op("Add", parts[-1], h) if shortcut else h)
        return unit(g.op("Concat", *parts, axis=1), (2 + depth) * m // 2, m)

    def up(x):
        return g.op("Resize", x, "", g.constant([1, 1, 2, 2]), coordinate_transformation_mode="asymmetric", mode="nearest",
                    nearest_mode="floor")

    x = unit(unit(g.input("images", [1, 3, size, size]), 3, 16, 3, 2), 16, 32, 3, 2)
    x = unit(c2f(x, 32, 32, 1, True), 32, 64, 3, 2)
    p3 = c2f(x, 64, 64, 2, True)
    p4 = c2f(unit(p3, 64, 128, 3, 2), 128, 128, 2, True)
    x = unit(c2f(unit(p4, 128, 256, 3, 2), 256, 256, 1, True), 256, 128)
    pools = [x]
    for _ in range(3):
        pools.append(g.op("MaxPool", pools[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    p5 = unit(g.op("Concat", *pools, axis=1), 512, 256)
    n4 = c2f(g.op("Concat", up(p5), p4, axis=1), 384, 128, 1, False)
    n3 = c2f(g.op("Concat", up(n4), p3, axis=1), 192, 64, 1, False)
    m4 = c2f(g.op("Concat", unit(n3, 64, 64, 3, 2), n4, axis=1), 192, 128, 1, False)
    m5 = c2f(g.op("Concat", unit(m4, 128, 128, 3, 2), p5, axis=1), 384, 256, 1, False)
    heads, cells = [], 0
    for x, n, scale in ((n3, 64, 8), (m4, 128, 16), (m5, 256, 32)):
        box = g.conv(unit(unit(x, n, 64, 3), 64, 64, 3), 64, 64)
        cls = g.conv(unit(unit(x, n, 80, 3), 80, 80, 3), 80, 80)
        cells += (size // scale) ** 2
        heads.append(g.reshape(g.op("Concat", box, cls, axis=1), 1, 144, -1))
    box, cls = g.op("Split", g.op("Concat", *heads, axis=2), g.ints(64, 80), outputs=2, axis=1)
    box = g.op("Softmax", g.transpose(g.reshape(box, 1, 4, 16, cells), 0, 2, 1, 3), axis=1)
    box = g.op("Conv", box, g.constant(np.arange(16).reshape(1, 16, 1, 1)), kernel_shape=[1, 1])
    g.output(g.op("Concat", g.reshape(box, 1, 4, cells), g.op("Sigmoid", cls), axis=1))
    return g.model()


def encoder(tokens=1024, width=512, layers=4, heads=8):
    """Pre-norm encoder over `tokens` embeddings: attention whose scores do not fit the caches."""
    g = Graph()
    x = g.input("embeddings", [1, tokens, width])
    for _ in range(layers):
        h = g.layer_norm(x, width)
        h = g.attention(*(g.linear(h, width, width) for _ in range(3)), heads, width // heads)
        x = g.op("Add", x, g.linear(h, width, width, gain=0.5))
        x = g.op("Add", x, g.linear(g.gelu(g.linear(g.layer_norm(x, width), width, 4 * width)), 4 * width, width, gain=0.5))
    g.output(g.layer_norm(x, width))
    return g.model()


def llama(tokens=128, past=0, width=1024, layers=4, heads=16, groups=4, inner=2816):
    """Decoder with rotary embeddings, grouped queries and gated feed-forward; with `past` > 0 one step of generation."""
    g, size = Graph(), width // heads
    ids = g.input("input_ids", [1, tokens], TensorProto.INT64)
    total = past + tokens
    x = g.op("Gather", g.weight(8000, width, fan_in=1), ids)
    angles = np.outer(np.arange(past, total), 10000.0 ** (-np.arange(0, size, 2) / size))
    angles = np.concatenate([angles, angles], -1)[None, None]
    cosine, sine = g.constant(np.cos(angles)), g.constant(np.sin(angles))
    mask = g.constant(np.triu(np.full((total, total), -3.4e38), 1)[None, None, past:])

    def rotate(x):
        first = g.op("Slice", x, g.ints(0), g.ints(size // 2), g.ints(3), g.ints(1))
        second = g.op("Slice", x, g.ints(size // 2), g.ints(2 ** 62), g.ints(3), g.ints(1))
        turned = g.op("Concat", g.op("Neg", second), first, axis=-1)
        return g.op("Add", g.op("Mul", x, cosine), g.op("Mul", turned, sine))

    def split(x, n):
        return g.transpose(g.reshape(x, 1, tokens, n, size), 0, 2, 1, 3)

    def repeat(x):
        x = g.op("Expand", g.op("Unsqueeze", x, g.ints(2)), g.ints(1, groups, heads // groups, total, size))
        return g.reshape(x, 1, heads, total, size)

    for layer in range(layers):
        h = g.rms_norm(x, width)
        q = rotate(split(g.linear(h, width, width, False), heads))
        k = rotate(split(g.linear(h, width, groups * size, False), groups))
        v = split(g.linear(h, width, groups * size, False), groups)
        if past:
            k = g.op("Concat", g.input(f"past_key_{layer}", [1, groups, past, size]), k, axis=2)
            v = g.op("Concat", g.input(f"past_value_{layer}", [1, groups, past, size]), v, axis=2)
            g.output(k)
            g.output(v)
        h = g.attend(q, g.transpose(repeat(k), 0, 1, 3, 2), repeat(v), width, size, mask)
        x = g.op("Add", x, g.linear(h, width, width, False, gain=0.5))
        h = g.rms_norm(x, width)
        h = g.op("Mul", g.silu(g.linear(h, width, inner, False)), g.linear(h, width, inner, False))
        x = g.op("Add", x, g.linear(h, inner, width, False, gain=0.5))
    g.output(g.linear(g.rms_norm(x, width), width, 8000, False))
    return g.model()


ARCHITECTURES = {
    "vit_b16": vit,
    "convnext_tiny": convnext,
    "swin_tiny": swin,
    "mobilenet_v3": mobilenet_v3,
    "resnext50": resnext50,
    "yolo_n": yolo,
    "encoder_1024": encoder,
    "llama_128": llama,
    "llama_step": lambda: llama(tokens=1, past=255),
}
