#!/usr/bin/env python3
"""Operators and how many of ONNX's cases for them pass, from passing.txt: table.py CASES_FOLDER [--check]

Writes SUPPORT.md beside this file; --check fails when it is not up to date. CASES_FOLDER is as for cases.py.
"""
import collections
import pathlib
import re
import sys

import onnx

from cases import write_cases

HERE = pathlib.Path(__file__).resolve().parent


def operator_of(folder, names):
    """The operator that a case is about: that of its node, or of the case that it is the expansion of."""
    base = re.sub(r"_expanded.*", "", folder.name)
    model = onnx.load(folder.parent / (base if base in names else folder.name) / "model.onnx")
    nodes = model.graph.node
    node = nodes[-1]
    return f"{node.domain}::{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


def make_table(cases):
    names = set(write_cases(cases))
    passing = set((HERE / "passing.txt").read_text().split()) & names
    total, passed = collections.Counter(), collections.Counter()
    for name in names:
        operator = operator_of(pathlib.Path(cases) / name, names)
        total[operator] += 1
        passed[operator] += name in passing

    def listing(operators):
        return ", ".join(op if passed[op] in (0, total[op]) else f"{op} ({passed[op]} of {total[op]})"
                         for op in sorted(operators)) or "none"

    groups = [("All cases pass", [op for op in total if passed[op] == total[op]]),
              ("Some cases pass", [op for op in total if 0 < passed[op] < total[op]]),
              ("No case passes", [op for op in total if not passed[op]])]
    lines = ["# ONNX operators", "",
             f"Of the {len(names)} operator cases of onnx {onnx.__version__}, {len(passing)} pass "
             f"({100 * len(passing) / len(names):.1f}%), compiled to native code and run through the public runtime. "
             "Written by `test/conformance/table.py`.", ""]
    for title, operators in groups:
        lines += [f"## {title}: {len(operators)} operators", "", listing(operators), ""]
    return "\n".join(lines)


def main():
    path, text = HERE / "SUPPORT.md", make_table(sys.argv[1])
    if "--check" not in sys.argv:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        sys.exit("SUPPORT.md does not say what passing.txt does; run test/conformance/table.py")


if __name__ == "__main__":
    main()
