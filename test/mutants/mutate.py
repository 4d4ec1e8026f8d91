#!/usr/bin/env python3
"""Rewrites a C++ source so that every fault of a fixed list of kinds can be switched on at run time.

  mutate.py SOURCE --root DIR -o OUT.cpp --list OUT.json --libclang LIB [--functions REGEX] -- COMPILER ARGUMENTS

Nothing is picked by hand: libclang's syntax tree gives all places to which a kind of fault applies (an operator, a
constant, a condition, a statement, two arguments of one type, a name with an opposite), and `a < b` becomes
`(TN_MUTANT(17) ? (a <= b) : (a < b))`. Lines stay where they are. Mutants that do not compile are dropped. OUT.json says
what each number is. test/mutants/Mutants.h switches one on.
"""
import argparse
import json
import pathlib
import re
import sys

import clang.cindex as cindex
from clang.cindex import CursorKind as K

OPPOSITE_OPERATORS = {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="], "+": ["-"],
                      "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"], "&&": ["||"], "||": ["&&"], "&": ["|"],
                      "|": ["&"], "<<": [">>"], ">>": ["<<"], "+=": ["-="], "-=": ["+="], "|=": ["&="], "&=": ["|="]}
# Names of functions that are easily taken for each other.
PAIRS = [("Low", "High"), ("Lhs", "Rhs"), ("front", "back"), ("min", "max"), ("all_of", "any_of"), ("floor", "ceil"),
         ("Begin", "End"), ("AddF", "SubF"), ("AddI", "SubI"), ("MulF", "AddF"), ("MulI", "AddI"), ("DivF", "MulF"),
         ("MaximumF", "MinimumF"), ("MaxNumF", "MinNumF"), ("MaxSI", "MinSI"), ("divideCeil", "divideFloor"),
         ("Input", "Output"), ("inputs", "outputs"), ("input", "output"), ("Strides", "Dilations"),
         ("drop_front", "drop_back"), ("take_front", "take_back"), ("AndI", "OrI"), ("ExtSI", "ExtUI")]
RENAMES = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
STATEMENTS = (K.CALL_EXPR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.BINARY_OPERATOR, K.UNARY_OPERATOR)
CONSTANT_ONLY = (K.CASE_STMT, K.ENUM_CONSTANT_DECL, K.STATIC_ASSERT)
FUNCTIONS = (K.FUNCTION_DECL, K.CXX_METHOD, K.CONSTRUCTOR, K.FUNCTION_TEMPLATE, K.CONVERSION_FUNCTION)
SCOPES = (K.STRUCT_DECL, K.CLASS_DECL, K.CLASS_TEMPLATE)
PROLOGUE = '#include "test/mutants/Mutants.h"\n#define TN_MUTANT(k) ::tenon::mutants::isOn(tnMutants, k)\n' \
           'static const ::tenon::mutants::Source tnMutants("{file}");\n#line 1 "{file}"\n'


class Mutator:
    def __init__(self, text, file, functions):
        self.text, self.file, self.functions = text, file, functions
        self.bytes = text.encode()
        self.mutants = []

    # ---- The syntax tree ----

    def source(self, start, end):
        return self.bytes[start:end].decode()

    def extent(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def code(self, cursor):
        return self.source(*self.extent(cursor))

    def add(self, cursor, kind, replacement, form, scope):
        start, end = self.extent(cursor)
        self.mutants.append({"start": start, "end": end, "line": cursor.extent.start.line, "kind": kind, "form": form,
                             "original": flatten(self.source(start, end)), "replacement": flatten(replacement),
                             "function": scope[1], "class": scope[0]})

    def visit(self, cursor, scope, inside_compound=False):
        kind = cursor.kind
        if kind in CONSTANT_ONLY:
            return
        if kind in SCOPES and cursor.spelling:
            scope = (cursor.spelling, scope[1])
        if kind in FUNCTIONS:
            owner = cursor.semantic_parent
            scope = (owner.spelling if owner and owner.kind in SCOPES else scope[0], cursor.spelling.split("<")[0])
        if kind == K.VAR_DECL and re.search(r"\bconstexpr\b", self.code(cursor).split("=")[0]):
            return
        if scope[1] and re.search(self.functions, f"{scope[0]}::{scope[1]}"):
            self.mutate(cursor, scope, inside_compound)
        for child in cursor.get_children():
            if child.location.file and child.location.file.name == self.path:
                self.visit(child, scope, kind == K.COMPOUND_STMT)

    def mutate(self, cursor, scope, inside_compound):
        kind, children = cursor.kind, list(cursor.get_children())
        start, end = self.extent(cursor)
        if end <= start or re.search(r"\b(assert|llvm_unreachable)\b", self.source(start, end)):
            return
        bare = cursor
        while bare.kind == K.UNEXPOSED_EXPR and len(list(bare.get_children())) == 1:
            bare = next(bare.get_children())
        if inside_compound and bare.kind in STATEMENTS:
            self.add(cursor, "drop statement", ";", "statement", scope)
        if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.operator(cursor, children, scope)
        elif kind == K.UNARY_OPERATOR and len(children) == 1 and self.code(cursor)[0] in "!-":
            sign = self.code(cursor)[0]  # both sides of the choice must have one type, or it decides on another one
            self.add(cursor, "drop " + sign, self.code(children[0]), "expression bool" if sign == "!" else "expression",
                     scope)
        elif kind == K.INTEGER_LITERAL and re.fullmatch(r"\d+", self.code(cursor)):
            value = int(self.code(cursor))
            self.add(cursor, "constant", str(value + 1), "expression", scope)
            if value:
                self.add(cursor, "constant", str(value - 1), "expression", scope)
        elif kind == K.FLOATING_LITERAL:
            suffix = self.code(cursor)[-1] if self.code(cursor)[-1] in "fF" else ""
            self.add(cursor, "constant", f"(1.01{suffix} * {self.code(cursor)} + 0.01{suffix})", "expression", scope)
        elif kind == K.CXX_BOOL_LITERAL_EXPR:
            self.add(cursor, "constant", "false" if self.code(cursor) == "true" else "true", "expression", scope)
        elif kind == K.IF_STMT and children and children[0].kind.is_expression():
            self.add(children[0], "negate condition", f"!({self.code(children[0])})", "expression bool", scope)
        elif kind == K.CALL_EXPR:
            self.call(cursor, scope)
        elif kind == K.DECL_REF_EXPR and cursor.referenced and cursor.referenced.kind == K.ENUM_CONSTANT_DECL:
            self.enumerator(cursor, scope)
        elif kind == K.RETURN_STMT and children and children[0].type.spelling == "bool":
            self.add(children[0], "negate result", f"!({self.code(children[0])})", "expression bool", scope)

    def operator(self, cursor, children, scope):
        (start, left), (right, end) = self.extent(children[0]), self.extent(children[1])
        token = self.source(left, right).strip()
        for other in OPPOSITE_OPERATORS.get(token, []):
            self.add(cursor, f"{token} to {other}", self.source(start, left) + f" {other} " + self.source(right, end),
                     "expression", scope)

    def call(self, cursor, scope):
        arguments = list(cursor.get_arguments())
        start, end = self.extent(cursor)
        for a, b in zip(arguments, arguments[1:]):
            (a0, a1), (b0, b1) = self.extent(a), self.extent(b)
            if not start < a0 < a1 < b0 < b1 < end or self.code(a) == self.code(b):
                continue
            if a.type.get_canonical().spelling.replace("const ", "") == b.type.get_canonical().spelling.replace("const ", ""):
                swapped = self.source(start, a0) + self.code(b) + self.source(a1, b0) + self.code(a) + self.source(b1, end)
                self.add(cursor, "swap arguments", swapped, "expression", scope)
        callee = self.source(start, end).split("(")[0]
        for name, other in RENAMES.items():
            at = callee.rfind(name)
            if at >= 0 and re.search(rf"(get|^|[:.>]){name}(Op|Mutable)?(::create)?$", callee):
                text = callee[:at] + other + callee[at + len(name):] + self.source(start, end)[len(callee):]
                self.add(cursor, f"{name} to {other}", text,
                         "expression value" if callee.endswith("::create") else "expression", scope)

    def enumerator(self, cursor, scope):
        names = [e.spelling for e in cursor.referenced.semantic_parent.get_children() if e.kind == K.ENUM_CONSTANT_DECL]
        other = names[(names.index(cursor.spelling) + 1) % len(names)]
        if other != cursor.spelling:
            code = self.code(cursor)
            self.add(cursor, "enumerator", code[:len(code) - len(cursor.spelling)] + other, "expression", scope)

    # ---- Writing ----

    def render(self, start, end, mutants):
        """The text of a range in which every one of `mutants` (all inside the range) can be switched on."""
        result, at = b"", start
        mutants = sorted(mutants, key=lambda m: (m["start"], -m["end"]))
        while mutants:
            first = mutants[0]
            span = (first["start"], first["end"])
            same = [m for m in mutants if (m["start"], m["end"]) == span]
            inner = [m for m in mutants if m not in same and m["start"] >= span[0] and m["end"] <= span[1]]
            result += self.bytes[at:span[0]] + self.wrap(self.render(*span, inner), same)
            mutants = [m for m in mutants if m not in same and m not in inner and m["start"] >= span[1]]
            at = span[1]
        return result + self.bytes[at:end]

    @staticmethod
    def wrap(text, mutants):
        prefix = b""
        for m in mutants:
            if m["form"] == "statement":
                prefix += f"if (!TN_MUTANT({m['id']})) ".encode()
                continue
            cast = {"expression": "", "expression bool": "static_cast<bool>", "expression value": "::mlir::Value"}[m["form"]]
            text = f"(TN_MUTANT({m['id']}) ? {cast}({m['replacement']}) : {cast}(".encode() + text + b"))"
        return prefix + text

    def run(self, path, arguments):
        self.path = path
        options = cindex.TranslationUnit.PARSE_PRECOMPILED_PREAMBLE
        index = cindex.Index.create()
        unit = index.parse(path, arguments, options=options)
        errors = [str(d) for d in unit.diagnostics if d.severity >= 3]
        if errors:
            raise SystemExit("\n".join(errors))
        for child in unit.cursor.get_children():
            if child.location.file and child.location.file.name == path:
                self.visit(child, ("", ""))
        unique = {}
        for m in self.mutants:
            unique.setdefault((m["start"], m["end"], m["replacement"], m["form"]), m)
        self.mutants = [m for m in unique.values() if m["original"] != m["replacement"]]
        for number, m in enumerate(self.mutants):
            m["id"] = number
        prologue = PROLOGUE.format(file=self.file)
        for attempt in range(12):
            output, dead, unplaced = self.compile(unit, prologue, self.mutants)
            if not dead and not unplaced:
                return output
            self.mutants = [m for m in self.mutants if m["id"] not in dead]
            if dead:
                continue
            # An error in a header, which says nothing about where it comes from: look function by function.
            for function in sorted({(m["class"], m["function"]) for m in self.mutants}):
                own = [m for m in self.mutants if (m["class"], m["function"]) == function]
                if self.compile(unit, prologue, own)[2]:
                    self.mutants = [m for m in self.mutants if m not in own]
        raise SystemExit(f"{self.file}: the mutants do not compile")

    def compile(self, unit, prologue, mutants):
        """The mutated text, the mutants that do not compile, and whether there are errors that belong to none."""
        output = prologue + self.render(0, len(self.bytes), mutants).decode()
        lines = output.split("\n")
        lines = lines[:3] + lines[4:]  # without #line, so that errors are found again
        unit.reparse([(self.path, "\n".join(lines))])
        dead, unplaced = set(), False
        for d in unit.diagnostics:
            if d.severity < 3:
                continue
            if not d.location.file or d.location.file.name != self.path:
                unplaced = True
                continue
            line = lines[d.location.line - 1].encode()
            before = re.findall(rb"TN_MUTANT\((\d+)\)", line[:d.location.column - 1])
            at = d.location.line - 3  # the prologue's lines
            found = [int(before[-1])] if before else [int(k) for k in re.findall(rb"TN_MUTANT\((\d+)\)", line)]
            found = found or [m["id"] for m in mutants if abs(m["line"] - at) <= 3]
            if not found:
                raise SystemExit(f"{self.file}: {d}")
            dead.update(found)
        return output, dead, unplaced and not dead


def flatten(text):
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--root", required=True, type=pathlib.Path)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--list", required=True, type=pathlib.Path)
    parser.add_argument("--libclang", required=True)
    parser.add_argument("--functions", default=".", help="mutate only these, as CLASS::FUNCTION")
    own, _, compiler = " ".join(sys.argv[1:]).partition(" -- ")
    options = parser.parse_args(own.split(" "))
    cindex.Config.set_library_file(options.libclang)
    source = pathlib.Path(options.source).resolve()
    file = str(source.relative_to(options.root.resolve()))
    mutator = Mutator(source.read_text(), file, options.functions)
    output = mutator.run(str(source), [*compiler.split(), "-ferror-limit=0", "-w"])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(output)
    keep = ("id", "line", "kind", "original", "replacement", "class", "function")
    options.list.write_text(json.dumps({"file": file, "mutants": [{k: m[k] for k in keep} for m in mutator.mutants]}, indent=1))


if __name__ == "__main__":
    main()
