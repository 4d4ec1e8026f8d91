"""ONNX models as bytes, by hand: the tests of the command line need no package."""

import struct


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


FLOAT, INT64 = 1, 7


def value_info(name, dims, dtype=FLOAT):
    shape = b"".join(text(1, number(1, d) if isinstance(d, int) else text(2, d)) for d in dims)
    return text(1, name) + text(2, text(1, number(1, dtype) + text(2, shape)))


def tensor(name, dims, values=None, dtype=FLOAT, external=None):
    body = b"".join(number(1, d) for d in dims) + number(2, dtype) + text(8, name)
    if external:
        for key, value in external.items():
            body += text(13, text(1, key) + text(2, str(value)))
        return body + number(14, 1)
    return body + text(9, struct.pack(f"<{len(values)}{'f' if dtype == FLOAT else 'q'}", *values))


def attribute_int(name, value):
    return text(1, name) + number(3, value) + number(20, 2)


def node(op, inputs, outputs, name="", domain="", attributes=()):
    body = b"".join(text(1, i) for i in inputs) + b"".join(text(2, o) for o in outputs)
    body += text(3, name) + text(4, op) + b"".join(text(5, a) for a in attributes)
    return body + (text(7, domain) if domain else b"")


def model(nodes, inputs, outputs, initializers=(), opset=17):
    graph = b"".join(text(1, n) for n in nodes) + text(2, "g") + b"".join(text(5, t) for t in initializers)
    graph += b"".join(text(11, i) for i in inputs) + b"".join(text(12, o) for o in outputs)
    return number(1, 8) + text(7, graph) + text(8, text(1, "") + number(2, opset))


def linear(rows=4, inner=8, columns=3, batch=None):
    """y = relu(x w)"""
    weights = [((7 * i) % 11 - 5) / 8 for i in range(inner * columns)]
    return model([node("MatMul", ["x", "w"], ["t"], "multiply"), node("Relu", ["t"], ["y"], "clip")],
                 [value_info("x", [batch or rows, inner])], [value_info("y", [batch or rows, columns])],
                 [tensor("w", [inner, columns], weights)])


def deep(layers=120, size=64):
    """A chain whose kernels all differ, which takes a while to compile."""
    nodes, weights, width = [], [], size
    for i in range(layers):
        weights.append(tensor(f"w{i}", [width, width + 1], [0.01] * (width * (width + 1))))
        nodes.append(node("MatMul", [f"x{i}", f"w{i}"], [f"t{i}"]))
        nodes.append(node("Tanh", [f"t{i}"], [f"x{i + 1}"]))
        width += 1
    return model(nodes, [value_info("x0", [16, size])], [value_info(f"x{layers}", [16, width])], weights)
