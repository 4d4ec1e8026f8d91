#!/usr/bin/env python3
"""Prints a module of random functions in tn operations: random_graphs.py [COUNT] [SEED]

Small shapes, continuous operations and bounded values, so that results before and after a pass can be compared.
Convolutions, transposes, reshapes and broadcasts are frequent: the passes are about them.
"""

import random
import sys
from math import prod


def type_of(shape, element="f32"):
    return "tensor<" + "".join(f"{d}x" for d in shape) + element + ">"


def literal(shape, rng):
    if not shape:
        return f"{rng.choice([-2, -1, -0.5, 0, 0.5, 1, 2, 3]):.3f}"
    return "[" + ", ".join(literal(shape[1:], rng) for _ in range(shape[0])) + "]"


class Function:
    def __init__(self, name, seed):
        self.name, self.rng = name, random.Random(seed)
        self.lines, self.values, self.args = [], [], []

    def emit(self, text, shape):
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text} -> {type_of(shape)}")
        self.values.append((name, tuple(shape)))

    def constant(self, shape):
        name = f"%v{len(self.lines)}"
        splat = self.rng.random() < 0.3
        value = literal((), self.rng) if splat else literal(shape, self.rng)
        self.lines.append(f"  {name} = tn.constant dense<{value}> : {type_of(shape)}")
        return name, tuple(shape)

    def argument(self, shape):
        self.args.append(tuple(shape))
        return f"%a{len(self.args) - 1}", tuple(shape)

    def fresh(self, shape):
        return self.constant(shape) if self.rng.random() < 0.6 else self.argument(shape)

    def pick(self, rank=None):
        fitting = [v for v in self.values if rank is None or len(v[1]) == rank]
        # Recent values make deep graphs.
        return self.rng.choice(fitting[-6:]) if fitting else None

    def unary(self):
        x, s = self.pick()
        op = self.rng.choice(["relu", "sigmoid", "tanh", "neg", "abs", "sin", "relu"])
        self.emit(f"tn.{op} {x} : {type_of(s)}", s)

    def binary(self):
        x, s = self.pick()
        same = [v for v in self.values if v[1] == s]
        if self.rng.random() < 0.4:
            y, t = self.rng.choice(same)
        else:
            t = [d if self.rng.random() < 0.6 else 1 for d in s]
            while t and self.rng.random() < 0.4:
                t = t[1:]
            y, t = self.fresh(t)
        if self.rng.random() < 0.3:
            (x, s), (y, t) = (y, t), (x, s)
        op = self.rng.choice(["add", "add", "mul", "sub", "max", "min"])
        result = s if len(s) >= len(t) else t
        other = t if result is s else s
        other = (1,) * (len(result) - len(other)) + tuple(other)
        result = [max(a, b) for a, b in zip(result, other)]
        self.emit(f"tn.{op} {x}, {y} : {type_of(s)}, {type_of(t)}", result)

    def reshape(self):
        x, s = self.pick()
        dims = list(s)
        for _ in range(self.rng.randint(1, 3)):
            kind = self.rng.random()
            if kind < 0.3 and len(dims) < 6:
                dims.insert(self.rng.randint(0, len(dims)), 1)
            elif kind < 0.5 and 1 in dims:
                dims.remove(1)
            elif kind < 0.75 and len(dims) > 1:
                i = self.rng.randrange(len(dims) - 1)
                dims[i : i + 2] = [dims[i] * dims[i + 1]]
            elif len(dims) < 6 and dims:
                i = self.rng.randrange(len(dims))
                for f in (2, 3):
                    if dims[i] % f == 0 and dims[i] > f:
                        dims[i : i + 1] = self.rng.choice([[f, dims[i] // f], [dims[i] // f, f]])
                        break
        self.emit(f"tn.reshape {x} : {type_of(s)}", dims)

    def transpose(self):
        x, s = self.pick()
        p = list(range(len(s)))
        if len(p) == 4 and self.rng.random() < 0.5:
            p = self.rng.choice([[0, 2, 3, 1], [0, 3, 1, 2], [0, 2, 1, 3]])
        else:
            self.rng.shuffle(p)
        self.emit(f"tn.transpose {x} {p} : {type_of(s)}", [s[i] for i in p])

    def rows(self):
        x, s = self.pick()
        if not s:
            return
        axis = self.rng.randrange(len(s))
        axes = sorted(self.rng.sample(range(len(s)), self.rng.randint(1, min(2, len(s)))))
        kind = self.rng.random()
        if kind < 0.3:
            self.emit(f"tn.softmax {x} axis {axis} : {type_of(s)}", s)
        elif kind < 0.5:
            rms = " {rms}" if self.rng.random() < 0.3 else ""
            self.emit(f"tn.normalize {x} axes {axes} epsilon 0.1{rms} : {type_of(s)}", s)
        else:
            op = self.rng.choice(["sum", "max", "min"])
            self.emit(f"tn.reduce {op} {x} axes {axes} : {type_of(s)}", [1 if d in axes else n for d, n in enumerate(s)])

    def slice(self):
        x, s = self.pick()
        offsets, sizes, strides = [], [], []
        for d in s:
            step = self.rng.choice([1, 1, 1, 2, -1])
            size = self.rng.randint(1, max(1, d // abs(step))) if self.rng.random() < 0.4 else (d if step == 1 else 1)
            span = (size - 1) * abs(step)
            low = self.rng.randint(0, d - 1 - span)
            offsets.append(low if step > 0 else low + span)
            sizes.append(size)
            strides.append(step)
        self.emit(f"tn.slice {x} {offsets} {sizes} {strides} : {type_of(s)}", sizes)

    def concat(self):
        x, s = self.pick()
        if not s:
            return
        axis = self.rng.randrange(len(s))
        parts = [(x, s)]
        same = [v for v in self.values if len(v[1]) == len(s) and v[1][:axis] == s[:axis] and v[1][axis + 1 :] == s[axis + 1 :]]
        parts.append(self.rng.choice(same) if self.rng.random() < 0.7 else self.fresh(s))
        self.rng.shuffle(parts)
        result = list(s)
        result[axis] = sum(p[1][axis] for p in parts)
        if prod(result) < 2000:
            names = ", ".join(p[0] for p in parts)
            self.emit(f"tn.concat {names} axis {axis} : {', '.join(type_of(p[1]) for p in parts)}", result)

    def pad(self):
        x, s = self.pick()
        low = [self.rng.choice([0, 0, 1]) for _ in s]
        high = [self.rng.choice([0, 0, 1]) for _ in s]
        result = [a + b + c for a, b, c in zip(s, low, high)]
        mode, value = self.rng.choice([("constant", "0.0"), ("constant", "1.5"), ("edge", "0.0")])
        if prod(result) < 2000:
            self.emit(f"tn.pad {x} {mode} {low} {high} {value} : {type_of(s)}", result)

    def broadcast(self):
        x, s = self.pick()
        result = [self.rng.choice([1, 2, 3]) if d == 1 else d for d in s]
        if self.rng.random() < 0.3:
            result = [2] + result
        if prod(result) < 2000 and len(result) < 7:
            self.emit(f"tn.broadcast {x} : {type_of(s)}", result)

    def gather(self):
        x, s = self.pick()
        if not s:
            return
        axis = self.rng.randrange(len(s))
        indices = [self.rng.randrange(-s[axis], s[axis]) for _ in range(self.rng.randint(1, 3))]
        name = f"%v{len(self.lines)}"
        scalar = len(indices) == 1 and self.rng.random() < 0.5
        shape = [] if scalar else [len(indices)]
        self.lines.append(f"  {name} = tn.constant dense<{indices[0] if scalar else indices}> : {type_of(shape, 'i64')}")
        result = list(s[:axis]) + shape + list(s[axis + 1 :])
        self.emit(f"tn.gather {x}, {name} axis {axis} : {type_of(s)}, {type_of(shape, 'i64')}", result)

    def window(self):
        x, s = self.pick()
        sizes = [self.rng.choice([1, 1, d, min(2, d)]) for d in s]
        strides = [self.rng.choice([1, 1, 2]) for _ in s]
        pads = [self.rng.choice([0, 0, 1]) if k > 1 else 0 for k in sizes]
        ones, none = [1] * len(s), [0] * len(s)
        result = [(d + p - k) // t + 1 for d, p, k, t in zip(s, pads, sizes, strides)]
        op = self.rng.choice(["max", "sum"])
        self.emit(
            f"tn.window {op} {x} sizes {sizes} strides {strides} dilations {ones} low {pads} high {none} : {type_of(s)}",
            result,
        )

    def conv(self):
        found = self.pick(rank=4)
        if not found:
            return
        x, s = found
        groups = self.rng.choice([1, 1, s[1], 2 if s[1] % 2 == 0 else 1])
        k = [self.rng.randint(1, min(2, d)) for d in s[2:]]
        strides = [self.rng.choice([1, 1, 2]) for _ in k]
        low = [self.rng.choice([0, 1]) for _ in k]
        filters = groups * self.rng.randint(1, 3)
        w, t = self.fresh([filters, s[1] // groups] + k)
        result = [s[0], filters] + [(d + p - n) // q + 1 for d, p, n, q in zip(s[2:], low, k, strides)]
        if prod(result) < 2000:
            self.emit(
                f"tn.conv {x}, {w} strides {strides} low {low} high [0, 0] dilations [1, 1] input_dilation [1, 1] "
                f"groups {groups} : {type_of(s)}, {type_of(t)}",
                result,
            )

    def contract(self):
        x, s = self.pick()
        if not s or len(s) > 4:
            return
        loops = list(range(len(s)))
        shared = [i for i in loops if self.rng.random() < 0.5]
        kept = [i for i in loops if i not in shared or self.rng.random() < 0.3]
        extra = self.rng.randint(0, 1)
        rhs = shared + [len(s)] * extra
        extents = list(s) + [self.rng.randint(1, 3)] * extra
        result = kept + [len(s)] * extra
        self.rng.shuffle(rhs)
        self.rng.shuffle(result)
        y, t = self.fresh([extents[i] for i in rhs])
        shape = [extents[i] for i in result]
        if prod(shape) < 2000:
            pair = [(x, list(loops), s), (y, rhs, t)]
            self.rng.shuffle(pair)
            (a, p, u), (b, q, v) = pair
            self.emit(f"tn.contract {a} {p}, {b} {q} -> {result} : {type_of(u)}, {type_of(v)}", shape)

    def print(self, length):
        self.values.append(self.argument(self.rng.choice([(1, 4, 6, 6), (2, 6, 4, 4), (1, 6, 12), (6, 8), (1, 1, 12)])))
        steps = [self.unary, self.binary, self.binary, self.reshape, self.reshape, self.transpose, self.transpose,
                 self.rows, self.slice, self.concat, self.pad, self.broadcast, self.gather, self.window, self.conv,
                 self.conv, self.contract, self.contract]
        for _ in range(length):
            self.rng.choice(steps)()
        # Keep values within bounds: the comparison is relative to one.
        results = [v for v in self.values[1:] if self.rng.random() < 0.1] + [self.values[-1]]
        names = []
        for x, s in results:
            self.emit(f"tn.tanh {x} : {type_of(s)}", s)
            names.append(self.values[-1])
        args = ", ".join(f"%a{i}: {type_of(s)}" for i, s in enumerate(self.args))
        types = ", ".join(type_of(s) for _, s in names)
        print(f"func.func @{self.name}({args}) -> ({types}) {{")
        print("\n".join(self.lines))
        print(f"  return {', '.join(n for n, _ in names)} : {types}")
        print("}\n")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for i in range(count):
        Function(f"f{i}", seed * 100003 + i).print(length=random.Random(i).randint(3, 25))


main()
