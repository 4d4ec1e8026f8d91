#!/usr/bin/env python3
"""Plants faults in the compiler, one at a time, and asks `tenon debug` where they are.

  run.py --tenon build/mutants/tools/tenon/tenon --mutants build/mutants/mutants --work DIR [--count 60] [--seed 1]

The compiler is that of the preset "mutants". Faults are drawn by a seeded generator from all that mutate.py made and
that some model reaches, in turn from every file so that all stages get their share. A fault counts if it changes an
output of a model (models.py) by more than `tenon debug` tolerates of the unmutated compiler. Where it is, is found
without the tool: by compiling with the fault limited to one pass after the other. Then `tenon debug` has to name the
first pass (or "kernel") in which it does harm; if the fault is in a rewrite pattern, this pattern; if it is in a kernel
template or in the expansion of a function, this step of lowering. Faults that make the compiler crash, hang or fail are
counted by themselves. Before, the tool has to find nothing in the unmutated compiler.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import models  # noqa: E402

TIME_LIMIT = 8
LEAST_DIFFERENCE = 1e-5


class Bench:
    def __init__(self, tenon, work):
        self.tenon, self.work = tenon, work
        self.expected, self.tolerance = {}, {}
        work.mkdir(parents=True, exist_ok=True)
        for name, build in models.MODELS.items():
            build(work / f"{name}.onnx")

    def environment(self, mutant="", scope="", trace=""):
        wanted = {"TN_MUTANT": mutant, "TN_MUTANT_SCOPE": scope, "TN_MUTANT_TRACE": trace}
        return {**os.environ, **{key: str(value) for key, value in wanted.items() if value}}

    def call(self, *command, env):
        try:
            return subprocess.run([self.tenon, *map(str, command)], env=env, capture_output=True, text=True,
                                  timeout=10 * TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return None

    def run(self, model, **where):
        """Outputs of the compiled model; a word where there are none."""
        path, artifact = self.work / f"{model}.onnx", self.work / "mutant.so"
        # The artifact runs in the mutated program's own runtime, which has no faults.
        done = self.call("compile", path, "-o", artifact, "-q", "-mcpu=native", f"--time-limit={TIME_LIMIT}",
                         env=self.environment(**where))
        if done is None or done.returncode:
            return {70: "crash", 6: "hang", 1: "diagnostic"}.get(done.returncode if done else 6, "diagnostic")
        outputs = [self.work / f"y{i}.npy" for i in range(len(self.names(model)))]
        for file in outputs:
            file.unlink(missing_ok=True)
        command = ["timeout", str(TIME_LIMIT), self.tenon, "run", str(artifact), "--random-inputs"]
        for name, file in zip(self.names(model), outputs):
            command += ["--output", f"{name}=@{file}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.work)
        if done.returncode:
            return "hang at run time" if done.returncode == 124 else "crash at run time"
        return [np.load(file) for file in outputs]

    def names(self, model):
        import onnx
        return [output.name for output in onnx.load(self.work / f"{model}.onnx").graph.output]

    def debug(self, model, **where):
        done = self.call("debug", self.work / f"{model}.onnx", "--json", f"--time-limit={TIME_LIMIT}",
                         env=self.environment(**where))
        try:
            return json.loads(done.stdout)
        except (AttributeError, ValueError):
            return {"finding": None, "error": done.stderr if done else "timeout"}

    def differs(self, model, outputs):
        if isinstance(outputs, str):
            return outputs
        for got, wanted in zip(outputs, self.expected[model]):
            if got.dtype.kind != "f":
                if (got != wanted).any():
                    return "numbers"
                continue
            finite = np.isfinite(wanted)
            error = np.linalg.norm((got - wanted)[finite].astype(np.float64)) / max(np.linalg.norm(wanted[finite]), 1e-30)
            if not np.array_equal(np.isfinite(got), finite) or not error <= max(LEAST_DIFFERENCE, 2 * self.tolerance[model]):
                return "numbers"
        return ""

    def prepare(self):
        """Runs the unmutated compiler. Returns by fault the models that reach it, and in which scopes."""
        reached = collections.defaultdict(dict)
        for model in models.MODELS:
            report = self.debug(model)
            if report["finding"] or "tolerance" not in report:
                raise SystemExit(f"false alarm on {model}: {json.dumps(report, indent=1)}")
            self.tolerance[model] = report["tolerance"]
            self.expected[model] = self.run(model)
            trace = self.work / f"{model}.trace"
            trace.unlink(missing_ok=True)
            self.run(model, trace=trace)
            for line in trace.read_text().splitlines():
                mutant, scope = line.rsplit(" ", 1)
                reached[mutant].setdefault(model, []).append(scope)
            print(f"{model}: nothing found, tolerance {report['tolerance']:.1e}, {report['seconds']:.1f} s, "
                  f"{sum(model in by for by in reached.values())} faults in reach", flush=True)
        return reached


def scope_of(bench, model, mutant, scopes):
    """The first pass in which the fault alone changes an output."""
    if len(scopes) == 1:
        return scopes[0]
    for scope in scopes:
        if bench.differs(model, bench.run(model, mutant=mutant, scope=scope)):
            return scope
    return "several together"


def stage_of(scope):
    return scope.split("/")[0]


def is_step_right(mutant, finding):
    """Whether the tool names the rewrite or step of lowering that has the fault; None if the fault is in none."""
    file, owner, function = mutant["file"], mutant["class"], mutant["function"]
    if finding["where"] == "kernel":
        step = finding.get("kernel", {}).get("lowering_step", "")
        if file.startswith("codegen/kernels/"):
            return f"template {file.split('/')[2]}" in step
        if "/math/" in file or "ExpandMath" in file:
            return "expand-math" in step
        return "template" in step
    rewrite = finding.get("rewrite")
    if function == "matchAndRewrite" or (function and owner and file.startswith("passes/Simplify")):
        return bool(rewrite) and rewrite["pattern"].split("<")[0] == owner
    return bool(rewrite) and bool(rewrite["pattern"])


def draw(mutants, reached, seed):
    """All faults in reach, in turn from every file."""
    generator, files = random.Random(seed), collections.defaultdict(list)
    for key, mutant in mutants.items():
        if key in reached:
            files[mutant["file"]].append(key)
    for keys in files.values():
        generator.shuffle(keys)
    order = sorted(files)
    generator.shuffle(order)
    while any(files.values()):
        for file in order:
            if files[file]:
                yield files[file].pop()


def load(folder):
    mutants = {}
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        listing = json.loads(path.read_text())
        for mutant in listing["mutants"]:
            mutants[f"{listing['file']}:{mutant['id']}"] = {"file": listing["file"], **mutant}
    return mutants


def examine(bench, key, mutant, reach, numbers_only):
    """One fault; nothing if it changes no output."""
    for model, scopes in reach.items():
        effect = bench.differs(model, bench.run(model, mutant=key))
        if not effect or numbers_only and effect != "numbers":
            continue
        truth = scope_of(bench, model, key, scopes)
        report = bench.debug(model, mutant=key)
        finding = report["finding"] or {"where": "nothing found", "kind": ""}
        return {"mutant": key, "line": mutant["line"], "fault": f"{mutant['kind']}: {mutant['original'][:60]}",
                "model": model, "effect": effect, "truth": truth, "found": finding["where"], "kind": finding["kind"],
                "pass_right": finding["where"] == truth, "step_right": is_step_right(mutant, finding),
                "step": finding.get("rewrite", {}).get("pattern") or finding.get("kernel", {}).get("lowering_step", ""),
                "seconds": report.get("seconds", 0), "error": report.get("error", ""), "finding": report["finding"]}
    return None


def summarize(results, tried, seconds):
    counted = [r for r in results if r["effect"] == "numbers"]
    print(f"\n{tried} faults tried, {len(counted)} change an output, {len(results) - len(counted)} make the compiler "
          f"crash, hang or fail; {seconds:.0f} s")
    print(f"{'stage':10}{'faults':>8}{'pass':>8}{'step':>8}")
    groups = collections.defaultdict(list)
    for r in counted:
        groups[stage_of(r["truth"])].append(r)
    for stage, group in [*sorted(groups.items()), ("all", counted)]:
        print(f"{stage:10}{len(group):8}{sum(r['pass_right'] for r in group):8}{sum(bool(r['step_right']) for r in group):8}")
    others = [r for r in results if r["effect"] != "numbers"]
    if others:
        print(f"{'failures':10}{len(others):8}{sum(r['pass_right'] for r in others):8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", required=True, type=os.path.abspath)
    parser.add_argument("--mutants", required=True, help="folder of the lists that mutate.py wrote")
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=60, help="stop when so many change an output")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--numbers-only", action="store_true", help="leave out faults that make the compiler fail")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that time")
    options = parser.parse_args()
    start, bench, mutants = time.monotonic(), Bench(options.tenon, options.work.resolve()), load(options.mutants)
    reached = bench.prepare()
    print(f"{len(mutants)} faults in {len({m['file'] for m in mutants.values()})} files, "
          f"{sum(key in reached for key in mutants)} in reach of a model", flush=True)
    results, tried = [], 0
    for key in draw(mutants, reached, options.seed):
        tried += 1
        result = examine(bench, key, mutants[key], reached[key], options.numbers_only)
        if result:
            results.append(result)
            print(f"{'ok  ' if result['pass_right'] and result['step_right'] else 'MISS'} {key} (line {result['line']}, "
                  f"{result['fault']}) {result['model']}, {result['effect']}: in {result['truth']}, found in "
                  f"{result['found']}, {result['step']}, {result['seconds']:.1f} s", flush=True)
            (options.work / "results.json").write_text(json.dumps(results, indent=1))
        if sum(r["effect"] == "numbers" for r in results) >= options.count or time.monotonic() - start > options.seconds:
            break
    summarize(results, tried, time.monotonic() - start)
    wrong = [r for r in results if r["effect"] == "numbers" and not r["pass_right"]]
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
