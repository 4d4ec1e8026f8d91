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


class CommandLineCase(ToolCase):
    """A folder of its own with a small model, and the program run in it."""

    def setUp(self):
        super().setUp()
        self.write("linear.onnx", ob.linear())
