#!/usr/bin/env python3
"""Compiles a model and compares what the artifact computes with the model in double precision.

  check.py --tenon build/release/tools/tenon/tenon --runtime build/release/runtime/libtenon.so --work DIR MODEL...

For every level of code that this machine can run, and every set of sizes of a dynamic model: the relative L2 error of
each output is below 5e-7 or at most 1.3 times ONNX Runtime's, and any number of threads gives the same bits. Where
Winograd's algorithm is used the error is below 5e-6 or twice ONNX Runtime's, and the model compiled without it is
checked as well.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import onnxruntime

import zoo
from reference import run_in_double

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from tenon_runtime import Model, Runtime  # noqa: E402

# Relative error, and its ratio to ONNX Runtime's, of which one may be reached, by what Winograd's algorithm is allowed.
BOUNDS = {"off": (5e-7, 1.3), "auto": (5e-6, 2)}
THREADS = (1, 2, 3, 4, 8)
ratios = []  # of all errors without Winograd's algorithm to ONNX Runtime's
# Level that runs, and the features that have to be hidden from the runtime so that it does (TN_CPU_* of abi.h).
LEVELS = {"x86-64-v4": 0, "x86-64-v3": 2}


def relative_error(actual, expected):
    if actual.shape != expected.shape:
        return np.inf
    difference = np.linalg.norm(actual.astype(np.float64) - expected)
    return float(difference / max(np.linalg.norm(expected), np.finfo(np.float64).tiny))


def run_onnxruntime(path, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))


def expected_outputs(name, path, index, feeds):
    """Outputs in double precision and ONNX Runtime's error by output; computed once per folder."""
    cache = path.with_name(f"{name}.{index}.npz")
    if not cache.exists():
        exact, peer = run_in_double(path, feeds), run_onnxruntime(path, feeds)
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, **{f"exact:{key}": value for key, value in exact.items()},
                 **{f"peer:{key}": relative_error(peer[key], exact[key]) for key in exact})
        os.replace(partial, cache)
    stored = np.load(cache)
    return {key.partition(":")[2]: (stored[key], float(stored["peer:" + key.partition(":")[2]]))
            for key in stored.files if key.startswith("exact:")}


def compile_model(tenon, path, output, winograd):
    start = time.monotonic()
    process = subprocess.Popen([tenon, "compile", str(path), "-o", str(output), f"--winograd={winograd}"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    message = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"tenon compile: exit code {process.returncode}\n{message.strip()}")
    print(f"  compiled in {time.monotonic() - start:.1f} s, peak memory {usage.ru_maxrss >> 10} MB")


def check_run(runtime, artifact, level, feeds, expected, bounds):
    """Prints one line per output; whether all are right."""
    runs = {}
    for threads in THREADS:
        model = Model(runtime, artifact, threads=threads, exclude=LEVELS[level])
        if model.entry.level.decode() != level:
            return print(f"  {level}: not on this machine") or True
        runs[threads] = model(feeds)
        model.close()
    right = True
    for key, (exact, peer) in expected.items():
        error = relative_error(runs[1][key], exact)
        same = all(runs[threads][key].tobytes() == runs[1][key].tobytes() for threads in THREADS)
        good = error <= max(bounds[0], bounds[1] * peer) and same
        right &= good
        if bounds == BOUNDS["off"] and error > 0 and peer > 0:
            ratios.append(error / peer)
        print(f"  {level} {key}: error {error:.2e} (ONNX Runtime {peer:.2e}), {THREADS[0]} to {THREADS[-1]} threads "
              f"{'the same bits' if same else 'DIFFER'}{'' if good else '  FAILED'}", flush=True)
    return right


def check_artifact(name, path, artifact, runtime, bounds):
    right = True
    for index, sizes in enumerate(zoo.DYNAMIC_SIZES.get(name, [None])):
        if sizes:
            print("  " + ", ".join(f"{key} = {value}" for key, value in sizes.items()))
        feeds = zoo.make_inputs(path, sizes)
        expected = expected_outputs(name, path, index, feeds)
        for level in LEVELS:
            right &= check_run(runtime, artifact, level, feeds, expected, bounds)
    return right


def check_model(name, arguments):
    print(name, flush=True)
    path, runtime = zoo.prepare(name, arguments.work), Runtime(arguments.runtime)
    direct, artifact = arguments.work / f"{name}.direct.so", arguments.work / f"{name}.so"
    try:
        compile_model(arguments.tenon, path, direct, "off")
        right = check_artifact(name, path, direct, runtime, BOUNDS["off"])
        compile_model(arguments.tenon, path, artifact, "auto")
        if direct.stat().st_size != artifact.stat().st_size:
            print("  with Winograd's algorithm")
            right &= check_artifact(name, path, artifact, runtime, BOUNDS["auto"])
        return right
    except RuntimeError as error:
        print(f"  FAILED: {error}")
        return False
    finally:
        artifact.unlink(missing_ok=True)
        direct.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="without any: all whose shapes are static")
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--runtime", required=True, type=os.path.abspath)
    parser.add_argument("--work", required=True, type=pathlib.Path, help="folder for weights and artifacts")
    arguments = parser.parse_args()
    results = {name: check_model(name, arguments)
               for name in arguments.models or [name for name in zoo.names() if name not in zoo.DYNAMIC_SIZES]}
    failed = [name for name, right in results.items() if not right]
    if ratios:
        print(f"errors without Winograd's algorithm: {np.exp(np.mean(np.log(ratios))):.2f} times ONNX Runtime's "
              f"(geometric mean over {len(ratios)} outputs)")
    print(f"{len(results) - len(failed)} of {len(results)} models right" + (f", not: {' '.join(failed)}" if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
