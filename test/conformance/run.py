#!/usr/bin/env python3
"""Runs ONNX's operator cases through the compiler and the runtime.

  run.py --tenon build/release/tools/tenon/tenon --runtime build/release/runtime/libtenon.so --work DIR [CASE ...]

Each case is compiled to native code and run in a process of its own, with a time limit. One line per case
(PASS, FAIL with the first wrong number, UNSUPPORTED with the compiler's reason, CRASH, TIMEOUT), then a summary.
A case passes when every output has the expected type, shape and numbers (rtol 1e-3, atol 1e-7; integers exactly).
"""
import argparse
import collections
import json
import os
import pathlib
import re
import select
import shutil
import signal
import sys
import time

from cases import write_cases
from one_case import Settings, run_case

STATUSES = ("PASS", "FAIL", "UNSUPPORTED", "CRASH", "TIMEOUT")


class Child:
    """A case in a process group of its own, so that its compiler ends with it."""

    def __init__(self, name, settings, limit):
        self.name, self.deadline = name, time.monotonic() + limit
        self.pipe, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            os.setpgid(0, 0)
            self._work(settings, write)
        os.close(write)

    def _work(self, settings, write):
        try:
            result = run_case(self.name, settings)
        except BaseException as error:
            result = "FAIL", f"test harness: {type(error).__name__}: {error}"
        os.write(write, json.dumps(result).encode()[:60000])
        os._exit(0)

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def finish(self, timed_out):
        if timed_out:
            self.kill()
        text = b"" if timed_out else os.read(self.pipe, 65536)
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        if timed_out:
            return "TIMEOUT", ""
        if text:
            return tuple(json.loads(text))
        return "CRASH", f"running the model: {signal.Signals(os.WTERMSIG(status)).name}"


def run_cases(names, settings, jobs, limit, report):
    waiting, active = collections.deque(names), {}
    while waiting or active:
        while waiting and len(active) < jobs:
            child = Child(waiting.popleft(), settings, limit)
            active[child.pipe] = child
        soonest = min(child.deadline for child in active.values())
        ready, _, _ = select.select(list(active), [], [], max(0.01, soonest - time.monotonic()))
        late = [pipe for pipe, child in active.items() if pipe not in ready and child.deadline < time.monotonic()]
        for pipe in ready + late:
            child = active.pop(pipe)
            report(child.name, *child.finish(timed_out=pipe in late))
            for suffix in (".so", ".onnx"):
                (settings.work / (child.name + suffix)).unlink(missing_ok=True)


def reason(detail):
    """What cases with the same cause have in common: the first line without names, shapes and numbers."""
    text = re.split(r" \| (?:note|error|reproducer):", detail)[0]
    text = re.sub(r"^(error: )+|node '[^']*': ", "", text)
    operator = re.search(r"note: operator (\w+)", detail)
    if operator and operator[1] not in text:
        text = f"{operator[1]}: {text}"
    text = re.sub(r" \(input \d+, '[^']*'\)|(input|output) '[^']*' ", lambda m: f"{m[1]} " if m[1] else "", text)
    text = re.sub(r"(?<![a-z])\[[^]]*\]", "", re.sub(r"\b(\w+)\[[^]]*\]", r"\1", text))
    return re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e[-+]?\d+)?", "N", text)[:160]


def summarize(results):
    counts = collections.Counter(status for status, _ in results.values())
    for status in STATUSES[1:]:
        groups = collections.defaultdict(list)
        for name, (its_status, detail) in results.items():
            if its_status == status:
                groups[reason(detail)].append(name)
        for text, names in sorted(groups.items(), key=lambda item: -len(item[1])):
            print(f"{status} {len(names):4} {text}  ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
    passed = counts["PASS"]
    print(f"{len(results)} cases: " + ", ".join(f"{counts[s]} {s}" for s in STATUSES) +
          f"; {100 * passed / max(1, len(results)):.1f}% pass")


def compare_with_list(results, path, command):
    """Whether every case that the list names passes. Names those that it could name too."""
    expected = set(path.read_text().split()) if path.exists() else set()
    passing = {name for name, (status, _) in results.items() if status == "PASS"}
    lost = sorted((expected & set(results)) - passing)
    for name in lost:
        print(f"no longer passes: {name}: {results[name][0]} {results[name][1]}")
    new = sorted(passing - expected)
    if new:
        print(f"{len(new)} cases pass that {path.name} does not list; to add them: {command} --update")
    return not lost


def update_list(results, path):
    expected = set(path.read_text().split()) if path.exists() else set()
    expected -= set(results)
    expected |= {name for name, (status, _) in results.items() if status == "PASS"}
    path.write_text("\n".join(sorted(expected)) + "\n")


def native_level(runtime):
    """The best level of this machine that Tenon compiles for."""
    from tenon_runtime import Runtime
    return "x86-64-v4" if Runtime(runtime).lib.tn_cpu_features() & 2 else "x86-64-v3"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="names of cases, or parts of names; all without any")
    parser.add_argument("--tenon", required=True, type=os.path.abspath)
    parser.add_argument("--runtime", required=True, type=os.path.abspath)
    parser.add_argument("--work", required=True, type=pathlib.Path, help="folder for cases and artifacts")
    parser.add_argument("--bind", action="store_true", help="scalars and small integer inputs become constants")
    parser.add_argument("--level", help="x86-64-v3 or x86-64-v4; the best one of this machine without it")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--limit", type=float, default=60, help="seconds per case")
    parser.add_argument("--json", type=pathlib.Path, help="write all results here")
    parser.add_argument("--expect", type=pathlib.Path, help="list of cases that have to pass")
    parser.add_argument("--update", action="store_true", help="write that list")
    parser.add_argument("-q", "--quiet", action="store_true", help="no line per case")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.work = arguments.work.resolve()
    names = write_cases(arguments.work / "cases")
    if arguments.cases:
        names = [name for name in names if any(part in name for part in arguments.cases)]
    work = arguments.work / f"artifacts-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    level = arguments.level or native_level(arguments.runtime)
    settings = Settings(arguments.tenon, arguments.runtime, arguments.work / "cases", work, ["--mcpu", level],
                        arguments.bind, exclude=0)
    results, start = {}, time.monotonic()

    def report(name, status, detail):
        results[name] = (status, detail)
        if not arguments.quiet:
            print(f"{status:11} {name} {detail}", flush=True)

    try:
        run_cases(names, settings, arguments.jobs, arguments.limit, report)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    results = dict(sorted(results.items()))
    summarize(results)
    print(f"{time.monotonic() - start:.0f} s, code for {level}" + (", small inputs bound" if arguments.bind else ""))
    if arguments.json:
        arguments.json.write_text(json.dumps({name: {"status": s, "detail": d} for name, (s, d) in results.items()},
                                             indent=1))
    if arguments.update and arguments.expect:
        update_list(results, arguments.expect)
    elif arguments.expect and not compare_with_list(results, arguments.expect, "python " + " ".join(sys.argv)):
        sys.exit(1)


if __name__ == "__main__":
    main()
