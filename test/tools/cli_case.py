"""What the tests of the command line share. TENON is the program, TENON_OPT the one for pass developers."""

import os
import struct
import subprocess
import tempfile
import unittest

import onnx_bytes as ob

TENON = os.environ["TENON"]
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


class CommandLineCase(unittest.TestCase):
    """A folder of its own with a small model, and the program run in it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("linear.onnx", ob.linear())

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def tenon(self, *arguments, code=0, **options):
        done = subprocess.run([TENON, *arguments], cwd=self.folder.name, capture_output=True, text=True, timeout=300,
                              **options)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("\033", done.stderr, "no escape sequences into a pipe")
        if code:
            self.assertTrue(done.stderr.strip(), "an error says why")
        return done

    def files(self):
        return sorted(os.listdir(self.folder.name))
