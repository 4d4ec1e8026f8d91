"""What the tests of the command line share. TENON is the program, TENON_OPT the one for pass developers."""

import os
import struct

import onnx_bytes as ob
from tool_case import TENON, ToolCase  # noqa: F401

TENON_OPT = os.environ["TENON_OPT"]


def npy(values, shape, descr="<f4"):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    code = {"<f4": "f", "<f8": "d", "<i8": "q"}[descr]
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + struct.pack(f"<{len(values)}{code}", *values)


def read_npy(data):
    length = struct.unpack("<H", data[8:10])[0]
    body = data[10 + length:]
    return struct.unpack(f"<{len(body) // 4}f", body)


def attribute_ints(name, values):
    return ob.text(1, name) + b"".join(ob.number(8, v) for v in values) + ob.number(20, 7)


def convolutions(channels=64, size=56, layers=2):
    """Convolutions of 3x3 with an activation each, for which Winograd's algorithm pays."""
    nodes, weights = [], []
    for i in range(layers):
        nodes.append(ob.node("Conv", [f"x{i}", f"w{i}"], [f"c{i}"], f"block{i}/conv",
                             attributes=[attribute_ints("pads", [1, 1, 1, 1])]))
        nodes.append(ob.node("Relu", [f"c{i}"], [f"x{i + 1}"], f"block{i}/relu"))
        count = channels * channels * 9
        weights.append(ob.tensor(f"w{i}", [channels, channels, 3, 3], [((7 * k + i) % 11 - 5) / 64 for k in range(count)]))
    shape = [1, channels, size, size]
    return ob.model(nodes, [ob.value_info("x0", shape)], [ob.value_info(f"x{layers}", shape)], weights)


class CommandLineCase(ToolCase):
    """A folder of its own with a small model, and the program run in it."""

    def setUp(self):
        super().setUp()
        self.write("linear.onnx", ob.linear())
