"""A test case that runs the program TENON in a folder of its own."""

import os
import subprocess
import tempfile
import unittest

TENON = os.environ["TENON"]


class ToolCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def tenon(self, *arguments, code=0, program=TENON, **options):
        done = subprocess.run([program, *arguments], cwd=self.folder.name, capture_output=True, text=True, timeout=300,
                              **options)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("\033", done.stderr, "no escape sequences into a pipe")
        if code:
            self.assertTrue(done.stderr.strip(), "an error says why")
        return done

    def files(self):
        return sorted(os.listdir(self.folder.name))
