#!/usr/bin/env python3
"""What compiling costs and what ships; writes bench/results/compile.{json,md}.

  compile.py --build build/release [MODEL ...]

Per model: time and peak memory of `tenon compile` with its defaults, size of the artifact without its weights, time to
load it, and what 20 runs in the steady state ask the system for (allocations, system calls by strace).
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


def compile_model(tenon, path, artifact):
    start = time.monotonic()
    process = subprocess.Popen([tenon, "compile", path, "-o", artifact], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(message)
    return time.monotonic() - start, usage.ru_maxrss / 1024


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
    seconds, peak = compile_model(build / "tools/tenon/tenon", path, artifact)
    loads = [json.loads(subprocess.run([steady, artifact, "1"], check=True, capture_output=True).stdout)["load_ms"]
             for _ in range(5)]
    runs = 20
    result = {"model": name, "compile_s": seconds, "peak_mb": peak, "artifact_bytes": artifact.stat().st_size,
              "weights_bytes": weights_size(artifact), "load_ms": statistics.median(loads), "runs": runs}
    for threads in (1, 2):
        steady_run = subprocess.run([steady, artifact, str(runs), str(threads)], check=True, capture_output=True)
        result[f"allocations_{threads}"] = json.loads(steady_run.stdout)["allocations"]
        result[f"system_calls_{threads}"] = system_calls(steady, artifact, runs, threads)
    artifact.unlink()
    return result


def as_markdown(results, runtime_bytes, about):
    lines = [f"{about['cpu']}, {about['cores']} cores; {about['date']}, commit {about['commit']}. Both code levels "
             f"(x86-64-v3 and v4) in one artifact. The runtime that ships: {runtime_bytes} bytes stripped.", "",
             "| model | compile s | peak MB | weights MB | rest of the artifact kB | load ms | allocations in 20 runs | "
             "system calls in 20 runs, 1 thread / 2 threads |", "|---|---|---|---|---|---|---|---|"]
    for r in results:
        calls = " / ".join(" ".join(f"{count} {name}" for name, count in r[f"system_calls_{t}"].items()) or "0"
                           for t in (1, 2))
        lines.append(f"| {r['model']} | {r['compile_s']:.1f} | {r['peak_mb']:.0f} | {r['weights_bytes'] / 2**20:.1f} | "
                     f"{(r['artifact_bytes'] - r['weights_bytes']) / 1024:.0f} | {r['load_ms']:.2f} | "
                     f"{r['allocations_1']} | {calls} |")
    return "\n".join(lines) + "\n"


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
        print(as_markdown(results[-1:], runtime_bytes, about).splitlines()[-1], flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "compile.json").write_text(
        json.dumps({"machine": about, "runtime_bytes": runtime_bytes, "results": results}, indent=1) + "\n")
    (arguments.out / "compile.md").write_text(as_markdown(results, runtime_bytes, about))


if __name__ == "__main__":
    main()
