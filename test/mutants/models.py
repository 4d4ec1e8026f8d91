"""Small models that between them reach every pass and every kernel template, for the tests of `tenon debug`."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


class Graph:
    """A graph under construction; weights are seeded."""

    def __init__(self, name, seed):
        self.name, self.rng = name, np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, value, dtype=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(value, dtype, None))

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape, scale=None):
        fan = np.prod(shape[1:]) if len(shape) > 1 else 1
        return self.constant((self.rng.standard_normal(shape) * (scale or fan ** -0.5)).astype(np.float32))

    def node(self, operator, *inputs, outputs=1, **attributes):
        name = f"/{self.name}/{operator.lower()}_{len(self.nodes)}"
        values = [f"{name}:{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), values, name=name, **attributes))
        return values[0] if outputs == 1 else values

    def save(self, path):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _conv(g, x, inputs, filters, size, relu=True, **attributes):
    group = attributes.get("group", 1)
    x = g.node("Conv", x, g.weight(filters, inputs // group, size, size), pads=[size // 2] * 4, **attributes)
    scale = g.constant((1 + 0.2 * g.rng.standard_normal(filters)).astype(np.float32))
    variance = g.constant((0.5 + g.rng.random(filters)).astype(np.float32))
    x = g.node("BatchNormalization", x, scale, g.weight(filters, scale=0.3), g.weight(filters, scale=0.3), variance)
    return g.node("Relu", x) if relu else x


def convolutions(path):
    g = Graph("convolutions", 1)
    x = g.input("image", [1, 3, 22, 22])
    x = _conv(g, x, 3, 32, 3, strides=[2, 2])
    y = _conv(g, x, 32, 32, 3, relu=False)  # a candidate for Winograd's algorithm
    x = g.node("Relu", g.node("Add", x, y))
    y = _conv(g, x, 32, 40, 1)
    y = _conv(g, y, 40, 40, 3, relu=False, group=40)
    y = g.node("Mul", y, g.node("Sigmoid", y))
    z = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = g.node("Concat", y, z, axis=1)
    x = _conv(g, x, 72, 24, 3, strides=[2, 2])
    x = g.node("GlobalAveragePool", x)
    x = g.node("Flatten", x)
    g.output(g.node("Gemm", x, g.weight(24, 10), g.weight(10)))
    g.save(path)


def _layer_norm(g, x, width):
    mean = g.node("ReduceMean", x, axes=[-1])
    centred = g.node("Sub", x, mean)
    variance = g.node("ReduceMean", g.node("Pow", centred, g.constant(np.float32(2))), axes=[-1])
    root = g.node("Sqrt", g.node("Add", variance, g.constant(np.float32(1e-5))))
    x = g.node("Mul", g.node("Div", centred, root), g.weight(width, scale=0.5))
    return g.node("Add", x, g.weight(width, scale=0.2))


def _heads(g, x, width, length, heads, permutation):
    x = g.node("Add", g.node("MatMul", x, g.weight(width, width, scale=width ** -0.5)), g.weight(width, scale=0.1))
    x = g.node("Reshape", x, g.constant(np.array([1, length, heads, width // heads], np.int64)))
    return g.node("Transpose", x, perm=permutation)


def transformer(path):
    length, width, heads = 12, 48, 4
    g = Graph("transformer", 2)
    ids, mask = g.input("ids", [1, length], TensorProto.INT64), g.input("mask", [1, length], TensorProto.INT64)
    x = g.node("Gather", g.weight(50, width, scale=1), ids)
    x = _layer_norm(g, x, width)
    m = g.node("Cast", g.node("Unsqueeze", mask, g.constant(np.array([1, 2], np.int64))), to=TensorProto.FLOAT)
    m = g.node("Mul", g.node("Sub", g.constant(np.float32(1)), m), g.constant(np.float32(-20)))
    q, v = (_heads(g, x, width, length, heads, [0, 2, 1, 3]) for _ in range(2))
    k = _heads(g, x, width, length, heads, [0, 2, 3, 1])
    s = g.node("Div", g.node("MatMul", q, k), g.constant(np.float32((width // heads) ** 0.5)))
    y = g.node("MatMul", g.node("Softmax", g.node("Add", s, m), axis=-1), v)
    y = g.node("Transpose", y, perm=[0, 2, 1, 3])
    y = g.node("Reshape", y, g.constant(np.array([1, length, width], np.int64)))
    x = _layer_norm(g, g.node("Add", x, g.node("MatMul", y, g.weight(width, width))), width)
    y = g.node("MatMul", x, g.weight(width, 96, scale=0.2))
    e = g.node("Erf", g.node("Div", y, g.constant(np.float32(2 ** 0.5))))
    y = g.node("Mul", g.node("Mul", y, g.node("Add", e, g.constant(np.float32(1)))), g.constant(np.float32(0.5)))
    x = g.node("Add", x, g.node("MatMul", y, g.weight(96, width)))
    g.output(x)
    g.output(g.node("Tanh", g.node("MatMul", x, g.weight(width, 7))))
    g.save(path)


def recurrent(path):
    steps, inputs, hidden = 7, 12, 20
    g = Graph("recurrent", 3)
    x = g.input("sequence", [2, steps, inputs])
    x = g.node("Transpose", x, perm=[1, 0, 2])
    y, *_ = g.node("LSTM", x, g.weight(2, 4 * hidden, inputs, scale=0.3), g.weight(2, 4 * hidden, hidden, scale=0.2),
                   g.weight(2, 8 * hidden, scale=0.1), outputs=3, hidden_size=hidden, direction="bidirectional")
    y = g.node("Transpose", y, perm=[2, 0, 1, 3])
    y = g.node("Reshape", y, g.constant(np.array([2, steps, 2 * hidden], np.int64)))
    g.output(g.node("LogSoftmax", g.node("MatMul", y, g.weight(2 * hidden, 9)), axis=-1))
    g.save(path)


def movement(path):
    """Data movement, reductions and elementwise operations in odd sizes."""
    g = Graph("movement", 4)
    x, y = g.input("x", [2, 5, 7, 9]), g.input("y", [5, 1, 9])
    a = g.node("Mul", g.node("Add", g.node("Mul", x, g.constant(np.float32(2))), y), g.constant(np.float32(0.25)))
    a = g.node("Pad", a, g.constant(np.array([0, 0, 1, 2, 0, 0, 0, 1], np.int64)), g.constant(np.float32(0.5)))
    b = g.node("Slice", a, *(g.constant(np.array(v, np.int64)) for v in ([1, 2], [7, 11], [2, 3], [1, 2])))
    c = g.node("Transpose", g.node("Exp", g.node("Neg", g.node("Abs", b))), perm=[0, 3, 1, 2])
    d = g.node("Transpose", g.node("Softmax", c, axis=1), perm=[0, 2, 3, 1])
    e = g.node("Concat", d, g.node("Sqrt", g.node("Abs", b)), axis=3)
    f = g.node("Log", g.node("Add", g.node("Abs", e), g.constant(np.float32(1))))
    g.output(g.node("ReduceMax", f, axes=[1, 3], keepdims=0))
    h = g.node("Reshape", f, g.constant(np.array([2, -1, 15], np.int64)))
    g.output(g.node("Div", h, g.node("Add", g.node("ReduceSum", h, g.constant(np.array([1], np.int64))),
                                      g.constant(np.float32(1)))))
    g.output(g.node("Where", g.node("Greater", x, y), g.node("Sin", x), g.node("Tanh", g.node("Mul", x, y))))
    g.output(g.node("ArgMax", x, axis=2), TensorProto.INT64)
    w = g.node("AveragePool", g.node("Clip", x, g.constant(np.float32(-1)), g.constant(np.float32(1.5))),
               kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    g.output(g.node("ReduceMean", g.node("Max", w, g.constant(np.float32(-0.2))), axes=[2, 3]))
    g.save(path)


MODELS = {"movement": movement, "recurrent": recurrent, "transformer": transformer, "convolutions": convolutions}
