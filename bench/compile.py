#!/usr/bin/env python3
"""What compiling costs and what ships; writes bench/results/compile.{json,md}.

  compile.py --build build/release [MODEL ...]

Per model: time and peak memory of `tenon compile` with its defaults and an empty kernel cache, the time with a full one
and at -O1, user and system time per distinct kernel and level, how much slower -O1's code runs, size of the artifact
without its weights, time to load it, and what 20 runs in the steady state ask the system for (allocations, system calls
by strace).
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from compare import HERE, MODELS, machine, zoo


def stripped_size(path):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "-o", file.name, path], check=True)
        return os.path.getsize(file.name)


def weights_size(artifact):
    """Bytes of section .tn.weights."""
    text = subprocess.run(["readelf", "-SW", artifact], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if ".tn.weights" in line:
            return int(line.split(".tn.weights")[1].split()[3], 16)
    return 0


def compile_model(tenon, path, artifact, *flags):
    """Seconds, core-seconds per distinct kernel and level, peak MB."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as messages, tempfile.TemporaryFile("w+") as report:
        process = subprocess.Popen([tenon, "compile", path, "-o", artifact, "--json", *flags], stdout=report,
                                   stderr=messages, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0), report.seek(0)
        if process.returncode:
            raise RuntimeError(messages.read())
        done = json.load(report)
    units = done["kernels"] * len(done["targets"])
    return seconds, (usage.ru_utime + usage.ru_stime) / units, usage.ru_maxrss / 1024


def compile_figures(tenon, path, artifact, quick):
    """What compiling costs with a kernel cache that is empty, with one that is full, and at -O1."""
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (compile_model(tenon, path, artifact, f"--kernel-cache={cache}") for _ in range(2))
    fast = compile_model(tenon, path, quick, "--kernel-cache=off", "-O1")
    figures = {"compile_s": cold[0], "core_s_per_kernel_level": cold[1], "peak_mb": cold[2], "warm_s": warm[0],
               "warm_core_s_per_kernel_level": warm[1], "o1_s": fast[0], "o1_core_s_per_kernel_level": fast[1]}
    medians = {artifact: [], quick: []}
    for _ in range(3): # in turns, so that both see the same machine
        for code, seconds in medians.items():
            done = subprocess.run([tenon, "bench", code, "--threads=1", "--runs=10", "--json"], check=True, capture_output=True)
            seconds.append(json.loads(done.stdout)["median_seconds"])
    figures["o1_run_time_ratio"] = min(medians[quick]) / min(medians[artifact])
    return figures


def system_calls(steady, artifact, runs, threads):
    """Names and counts of the system calls between the two marks."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-f", "-o", log.name, steady, artifact, str(runs), str(threads)], check=True,
                       capture_output=True)
        counts, marks = {}, 0
        for line in pathlib.Path(log.name).read_text().splitlines():
            name = line.split(None, 1)[1].split("(")[0].strip()
            marks += name == "getppid"
            if marks == 1 and name != "getppid" and name.isidentifier():
                counts[name] = counts.get(name, 0) + 1
        return counts


def measure(name, build, folder):
    path, artifact, steady = zoo.prepare(name, folder), folder / f"{name}.bench.so", build / "bench/bench-steady"
    quick = artifact.with_suffix(".o1.so")
    figures = compile_figures(build / "tools/tenon/tenon", path, artifact, quick)
    quick.unlink()
    loads = [json.loads(subprocess.run([steady, artifact, "1"], check=True, capture_output=True).stdout)["load_ms"]
             for _ in range(5)]
    runs = 20
    result = {"model": name, **figures, "artifact_bytes": artifact.stat().st_size,
              "weights_bytes": weights_size(artifact), "load_ms": statistics.median(loads), "runs": runs}
    for threads in (1, 2):
        steady_run = subprocess.run([steady, artifact, str(runs), str(threads)], check=True, capture_output=True)
        result[f"allocations_{threads}"] = json.loads(steady_run.stdout)["allocations"]
        result[f"system_calls_{threads}"] = system_calls(steady, artifact, runs, threads)
    artifact.unlink()
    return result


def compile_table(results):
    lines = ["Compiling with an empty kernel cache, with a full one, and at -O1. Core-seconds are user and system time per "
             "distinct kernel and level; the last column is how long a run of -O1's code takes in runs of -O2's, one "
             "thread.", "",
             "| model | seconds: empty / full / -O1 | core-seconds: empty / full / -O1 | peak MB | run at -O1 |",
             "|---|---|---|---|---|"]
    for r in results:
        seconds = " / ".join(f"{r[key]:.2f}" for key in ("compile_s", "warm_s", "o1_s"))
        core = " / ".join(f"{r[key + 'core_s_per_kernel_level']:.3f}" for key in ("", "warm_", "o1_"))
        lines.append(f"| {r['model']} | {seconds} | {core} | {r['peak_mb']:.0f} | {r['o1_run_time_ratio']:.2f} |")
    return lines


def artifact_table(results):
    lines = ["| model | weights MB | rest of the artifact kB | load ms | allocations in 20 runs | "
             "system calls in 20 runs, 1 thread / 2 threads |", "|---|---|---|---|---|---|"]
    for r in results:
        calls = " / ".join(" ".join(f"{count} {name}" for name, count in r[f"system_calls_{t}"].items()) or "0"
                           for t in (1, 2))
        lines.append(f"| {r['model']} | {r['weights_bytes'] / 2**20:.1f} | "
                     f"{(r['artifact_bytes'] - r['weights_bytes']) / 1024:.0f} | {r['load_ms']:.2f} | "
                     f"{r['allocations_1']} | {calls} |")
    return lines


def as_markdown(results, runtime_bytes, about):
    lines = [f"{about['cpu']}, {about['cores']} cores; {about['date']}, commit {about['commit']}. Both code levels "
             f"(x86-64-v3 and v4) in one artifact. The runtime that ships: {runtime_bytes} bytes stripped.", ""]
    return "\n".join(lines + compile_table(results) + [""] + artifact_table(results)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    arguments = parser.parse_args()
    build, results, about = arguments.build.resolve(), [], machine()
    runtime_bytes = stripped_size(build / "runtime/libtenon.so")
    for name in arguments.models or MODELS:
        try:
            results.append(measure(name, build, build / "test/models/zoo"))
        except RuntimeError as error:
            print(f"{name}: does not compile\n{error}", file=sys.stderr)
            continue
        print(compile_table(results[-1:])[-1], artifact_table(results[-1:])[-1], sep="\n", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "compile.json").write_text(
        json.dumps({"machine": about, "runtime_bytes": runtime_bytes, "results": results}, indent=1) + "\n")
    (arguments.out / "compile.md").write_text(as_markdown(results, runtime_bytes, about))


if __name__ == "__main__":
    main()
