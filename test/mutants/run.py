#!/usr/bin/env python3
"""Plants faults in the compiler, one at a time; asks `tenon debug` where they are and `tenon reduce` for a small model.

  run.py --tenon build/mutants/tools/tenon/tenon --mutants build/mutants/mutants --work DIR [--count 60] [--seed 1]
         [--table test/mutants/results.md] [--jobs 2]

The compiler is that of the preset "mutants". Faults are drawn by a seeded generator from all that mutate.py made and
that some model reaches, in turn from every file so that all stages get their share. A fault counts if it changes an
output of a model (models.py) by more than `tenon debug` tolerates of the unmutated compiler. Where it is, is found
without the tool, by compiling with the fault limited to the first passes, and then to the first steps of the last of
these: the first with which an output changes. Then `tenon debug` has to name this pass (or "kernel"), and the rewrite
pattern or step; if the fault is in a kernel template or in the expansion of a function, this step of lowering. If it
finds nothing it is asked again, with ONNX Runtime as the reference of the importer. Faults that make the compiler crash,
hang or fail are counted by themselves. Before, the tool has to find nothing in the unmutated compiler. networks.py goes
on with larger models; what it has found is in the table, too.

Results are appended to DIR/results.jsonl; what stands there is not done again. --again=changes forgets the faults that
change an output, --again=misses those of them that were not found. Where a source file has changed its faults have other
numbers, and their results are dropped.
"""
import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import queue
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import models  # noqa: E402
from bench import Bench  # noqa: E402
from table import summarize, write_table  # noqa: E402
from truth import judge, locate  # noqa: E402

# Seconds that one command may take. The machine may be busy: what hangs is told by processor time, see bench.py.
TIME_LIMIT, REDUCE_LIMIT = 60, 900


def draw(mutants, reached, seed):
    """All faults in reach, in turn from every file."""
    files = collections.defaultdict(list)
    for key, mutant in mutants.items():
        if key in reached:
            files[mutant["file"]].append(key)
    for file, keys in files.items():
        random.Random(f"{seed} {file}").shuffle(keys)
    order = sorted(files)
    random.Random(seed).shuffle(order)
    return [key for layer in itertools.zip_longest(*(files[file] for file in order)) for key in layer if key]


def load_mutants(folder):
    mutants = {}
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        listing = json.loads(path.read_text())
        for mutant in listing["mutants"]:
            mutants[f"{listing['file']}:{mutant['id']}"] = {"file": listing["file"], **mutant}
    return mutants


def describe(mutant):
    return f"{mutant['kind']}: {mutant['original'][:60]}"


def is_right(result):
    small = result.get("reduced", {"nodes": 0, "shown": True})
    return result.get("pass_right") and result["step_right"] and small["nodes"] is not None and small["nodes"] <= 5


class Store:
    """The file of results; the last one for a fault counts."""

    def __init__(self, path, mutants, again):
        self.path, self.known = path, {}
        for line in path.read_text().splitlines() if path.exists() else ():
            result = json.loads(line)
            mutant = mutants.get(result["mutant"])
            if result.get("skipped") and result["mutant"] in self.known:
                continue
            if mutant and result["fault"] == describe(mutant) and result["line"] == mutant["line"]:
                self.known[result["mutant"]] = result
        if again == "all":
            self.known = {}
        if again == "changes":
            self.known = {key: r for key, r in self.known.items() if r["effect"] != "numbers"}
        if again == "misses":
            self.known = {key: r for key, r in self.known.items() if r["effect"] != "numbers" or is_right(r)}

    def add(self, result):
        self.known[result["mutant"]] = result
        with open(self.path, "a") as file:
            file.write(json.dumps(result) + "\n")


def examine(bench, folder, key, mutant, reach, options):
    """One fault, in the first model of which it changes an output, or else makes the compiler fail. The effect is empty
    if there is none."""
    result = {"mutant": key, "line": mutant["line"], "fault": describe(mutant), "effect": ""}
    effects = {}
    for model in reach:
        trace = folder / f"{model}.trace"
        trace.unlink(missing_ok=True)
        effects[model] = bench.differs(model, bench.run(model, folder, mutant=key, trace=trace))
        if effects[model] == "numbers" or "hang" in effects[model]:
            break
    model = next((m for m in effects if effects[m] == "numbers"), next((m for m in effects if effects[m]), None))
    if not model or options.numbers_only and effects[model] != "numbers":
        return {**result, "effect": effects[model] if model else "", "skipped": bool(model)}
    truth, step = locate(bench, model, folder, key, folder / f"{model}.trace", effects[model])
    report = bench.ask(model, folder, key)
    finding = report["finding"] or {"where": "nothing found", "kind": ""}
    result.update(
        effect=effects[model], model=model, truth=truth, truth_step=step, found=finding["where"], kind=finding["kind"],
        **judge(mutant, truth, step, finding),
        step=finding.get("rewrite", {}).get("pattern", "") or finding.get("kernel", {}).get("lowering_step", ""),
        seconds=report["wall"], processor=report["processor"], megabytes=report["megabytes"],
        error=report.get("error", ""),
        finding=report["finding"], notes=report.get("notes", []))
    if effects[model] == "numbers" and not options.no_reduce:
        result["reduced"] = bench.reduce(model, folder, effects[model], REDUCE_LIMIT, key)
    return result


def report_on(result):
    small = result.get("reduced")
    print(f"{'ok  ' if is_right(result) else 'MISS'} {result['mutant']} (line {result['line']}, {result['fault']}) "
          f"{result['model']}, {result['effect']}: in {result['truth']} {result['truth_step']}, found in "
          f"{result['found']} {result['step']}, {result['seconds']:.1f} s, {result['megabytes']} MB"
          + (f"; {small['nodes']} ops, {small['tests']} tests, {small['seconds']:.0f} s, {small.get('shown_codes')}"
             if small else ""), flush=True)


def examine_all(bench, mutants, reached, store, options):
    """Faults in the order in which they are drawn, until enough change an output. All that were tried."""
    folders, tried, numbers = queue.SimpleQueue(), [], 0
    for n in range(options.jobs):
        folders.put(options.work / f"job{n}")
        (options.work / f"job{n}").mkdir(exist_ok=True)
    stop = time.monotonic() + options.seconds

    def work(key):
        if key in store.known:
            return store.known[key]
        folder = folders.get()
        try:
            result = examine(bench, folder, key, mutants[key], reached[key], options)
        finally:
            folders.put(folder)
        if "truth" in result:
            report_on(result)
        return result

    keys = iter(draw(mutants, reached, options.seed))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = collections.deque(pool.submit(work, key) for key in itertools.islice(keys, options.jobs))
        while pending and numbers < options.count and time.monotonic() < stop:
            result = pending.popleft().result()
            if result["mutant"] not in store.known:
                store.add(result)
            tried.append(result)
            numbers += result["effect"] == "numbers"
            pending.extend(pool.submit(work, key) for key in itertools.islice(keys, 1))
        for late in pending:
            late.cancel()
        for late in pending:
            if not late.cancelled() and late.result()["mutant"] not in store.known:
                store.add(late.result())
    return tried


def prepare(bench):
    """Asks about the unmutated compiler. Faults by the models that reach them, and what was said of each model."""
    reached, clean = collections.defaultdict(dict), []
    for model in models.MODELS:
        report, trace = bench.learn(model)
        for mutant, _ in trace:
            reached[mutant][model] = True
        if report["finding"] or "tolerance" not in report:
            raise SystemExit(f"false alarm on {model}: {json.dumps(report, indent=1)}")
        measured = ("tolerance", "wall", "processor", "megabytes", "kernels")
        clean.append({"model": model, **{key: report[key] for key in measured}})
        print(f"{model}: nothing found, tolerance {report['tolerance']:.1e}, {report['wall']:.1f} s, "
              f"{report['megabytes']} MB", flush=True)
    return reached, clean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", required=True, type=os.path.abspath)
    parser.add_argument("--mutants", required=True, help="folder of the lists that mutate.py wrote")
    parser.add_argument("--work", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--count", type=int, default=60, help="stop when so many change an output")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="faults that are tried at once")
    parser.add_argument("--numbers-only", action="store_true", help="leave out faults that make the compiler fail")
    parser.add_argument("--no-reduce", action="store_true")
    parser.add_argument("--again", choices=("misses", "changes", "all"), help="what to forget of results.jsonl")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that time")
    parser.add_argument("--table", type=pathlib.Path, help="Markdown file to write")
    parser.add_argument("--remark", default="", help="what its readers should know of this run")
    options = parser.parse_args()
    start, mutants = time.monotonic(), load_mutants(options.mutants)
    bench = Bench(options.tenon, options.work, TIME_LIMIT)
    reached, clean = prepare(bench)
    counts = f"{len(mutants)} faults in {len({m['file'] for m in mutants.values()})} files, " \
             f"{sum(key in reached for key in mutants)} in reach of a model"
    print(counts, flush=True)
    store = Store(options.work / "results.jsonl", mutants, options.again)
    tried = examine_all(bench, mutants, reached, store, options)
    print("\n".join(summarize(tried)), f"\n{time.monotonic() - start:.0f} s")
    if options.table:
        networks = options.work / "networks.jsonl"
        lines = networks.read_text().splitlines() if networks.exists() else []
        write_table(options.table, tried, clean + [json.loads(line) for line in lines], counts,
                    options.seed, options.remark)
    sys.exit(any(r["effect"] == "numbers" and not r["pass_right"] for r in tried))


if __name__ == "__main__":
    main()
