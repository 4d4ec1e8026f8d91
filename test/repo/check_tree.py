#!/usr/bin/env python3
"""Checks what the tree promises about itself; see each test. Needs git, clang-format-22 and mlir-tblgen."""
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = (".cpp", ".h", ".hpp", ".c")
# Rooms that a room's files may include headers of, besides their own.
ROOMS = {"runtime": [], "ir": [], "frontend": ["ir"], "passes": ["ir"], "codegen": ["ir", "passes"],
         "tools": ["ir", "passes", "codegen", "frontend", "runtime"]}
# The one header that compiler and runtime share.
ABI = "runtime/include/tenon/abi.h"


def tracked(*patterns):
    listing = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for path in listing.stdout.split("\n") if path and (ROOT / path).exists()]


def records(text, kind):
    """Name and body of every TableGen record of a class whose name ends in `kind`."""
    heads = list(re.finditer(rf"^def (\w+)\s*:\s*\w*{kind}\b\s*<", text, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [(head.group(1), text[head.start():end]) for head, end in zip(heads, ends)]


class Tree(unittest.TestCase):
    def test_every_pass_has_its_file_and_its_test(self):
        passes = records((ROOT / "passes/Passes.td").read_text(), "Pass")
        self.assertGreater(len(passes), 10)
        for name, body in passes:
            kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
            with self.subTest(name):
                self.assertRegex(body, rf'<"(tn-)?{kebab}"')
                self.assertTrue((ROOT / f"passes/{name}.cpp").exists(), f"passes/{name}.cpp")
                self.assertTrue((ROOT / f"test/passes/{kebab}.mlir").exists(), f"test/passes/{kebab}.mlir")
                for part in ("let summary", "let description", "Before:", "After:"):
                    self.assertIn(part, body)

    def test_every_operation_is_documented_and_tested(self):
        reference = (ROOT / "docs/reference/operations.md").read_text()
        tests = "".join((ROOT / path).read_text() for path in tracked("test/ir/*.mlir", "test/passes/*.mlir"))
        pages = re.split(r"^### `tn\.", reference, flags=re.MULTILINE)[1:]
        self.assertGreater(len(pages), 50)
        for page in pages:
            name = page.split("`")[0]
            with self.subTest(name):
                self.assertIn("Example", page.split("Traits:")[0])
                self.assertRegex(tests, rf"\btn\.{name}\b")

    def test_constraints_have_negative_tests(self):
        constraints = {label for path in tracked("ir/ops/*.td")
                       for label in re.findall(r"`(\w+_c\d+)`", (ROOT / path).read_text())}
        tests = "".join((ROOT / path).read_text() for path in tracked("test/ir/*-errors.mlir"))
        self.assertGreater(len(constraints), 10)
        self.assertEqual(sorted(label for label in constraints if label not in tests), [])

    def test_reference_pages_are_up_to_date(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ROOT / "scripts/update-reference", folder], check=True)
            for page in ("operations.md", "passes.md"):
                self.assertEqual((pathlib.Path(folder) / page).read_text(), (ROOT / "docs/reference" / page).read_text(),
                                 f"docs/reference/{page} is stale; run scripts/update-reference")

    def test_rooms_include_only_lower_rooms(self):
        wrong = []
        for room, lower in ROOMS.items():
            for path in tracked(room):
                if not path.endswith(SOURCE):
                    continue
                for header in re.findall(r'^#include "([^"]+)"', (ROOT / path).read_text(), re.MULTILINE):
                    other = header.split("/")[0]
                    if other in ROOMS and other not in [room, *lower] and header != ABI:
                        wrong.append(f"{path} includes {header}")
        self.assertEqual(wrong, [])

    def test_format(self):
        files = [path for path in tracked() if path.endswith(SOURCE)]
        done = subprocess.run(["clang-format-22", "--dry-run", "-Werror", *files], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, "run clang-format-22 -i on:\n" + "\n".join(
            sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})))


if __name__ == "__main__":
    unittest.main()
