#!/usr/bin/env python3
"""Times Tenon and ONNX Runtime on the same models, interleaved, and writes bench/results/compare.{json,md}.

  compare.py --build build/release [MODEL ...]

Each engine lives in a process of its own, pinned to the same cores, and they take turns: a few runs of one, a pause in
which its threads go to sleep, a few runs of the other. What is reported is the median over all turns. Both are checked
in the same run against the model in double precision.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "test/models"), str(HERE.parent / "test/support")]
import zoo  # noqa: E402
from check import expected_outputs, relative_error  # noqa: E402

MODELS = ["resnet50", "mobilenet_v2", "efficientnet_b0", "unet", "bert_base", "gpt2", "lstm_tagger"]
ENGINES = ["tenon", "onnxruntime"]


def start_tenon(model, artifact, runtime, threads, feeds):
    from tenon_runtime import Model, Runtime
    loaded = Model(Runtime(runtime), artifact, threads=threads)
    loaded.bind(feeds)
    return loaded.run, loaded.fetch


def start_onnxruntime(model, artifact, runtime, threads, feeds):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda: session.run(None, feeds), lambda: dict(zip(names, session.run(None, feeds)))


def work(pipe, engine, cores, arguments):
    """A process that runs its engine when told how often, and answers with the times in ms."""
    os.sched_setaffinity(0, cores)
    start = time.perf_counter()
    run, fetch = {"tenon": start_tenon, "onnxruntime": start_onnxruntime}[engine](*arguments)
    loaded = time.perf_counter() - start
    run()
    pipe.send((loaded * 1e3, fetch()))
    while count := pipe.recv():
        times = []
        for _ in range(count):
            start = time.perf_counter_ns()
            run()
            times.append((time.perf_counter_ns() - start) / 1e6)
        pipe.send(times)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Engine:
    def __init__(self, name, cores, arguments):
        self.name, self.samples = name, []
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(other, name, cores, arguments))
        self.process.start()
        other.close()
        self.load_ms, self.outputs = self.pipe.recv()

    def run(self, count):
        self.pipe.send(count)
        times = self.pipe.recv()
        time.sleep(0.05)
        return times

    def close(self):
        self.pipe.send(0)
        self.peak_mb = self.pipe.recv()
        self.process.join()


def measure(name, path, artifact, runtime, threads, seconds):
    feeds = zoo.make_inputs(path)
    cores = sorted(os.sched_getaffinity(0))[:threads]
    expected = expected_outputs(name, path, 0, feeds)
    engines = [Engine(engine, cores, (path, artifact, runtime, threads, feeds)) for engine in ENGINES]
    turn = {engine.name: max(2, round(200 / statistics.median(engine.run(3)))) for engine in engines}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or len(engines[0].samples) < 10:
        for engine in engines:
            engine.samples += engine.run(turn[engine.name])
    for engine in engines:
        engine.close()
    return {"model": name, "threads": threads} | {
        engine.name: {
            "median_ms": statistics.median(engine.samples),
            "p95_ms": float(np.percentile(engine.samples, 95)),
            "runs": len(engine.samples),
            "load_ms": engine.load_ms,
            "peak_mb": engine.peak_mb,
            "error": max(relative_error(engine.outputs[key], exact) for key, (exact, _) in expected.items()),
        } for engine in engines}


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    import onnxruntime
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "onnxruntime": onnxruntime.__version__,
            "date": time.strftime("%Y-%m-%d"), "load": os.getloadavg()[0],
            "commit": subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True,
                                     text=True).stdout.strip()}


def as_markdown(results, about):
    lines = [f"{about['cpu']}, {about['cores']} cores; ONNX Runtime {about['onnxruntime']}; {about['date']}, "
             f"commit {about['commit']}. Median ms of one inference, f32, batch 1; error is the relative L2 distance "
             "from the model in double precision.", "",
             "| model | threads | Tenon | ONNX Runtime | Tenon is | error Tenon | error ONNX Runtime |",
             "|---|---|---|---|---|---|---|"]
    for r in results:
        tenon, peer = r["tenon"], r["onnxruntime"]
        lines.append(f"| {r['model']} | {r['threads']} | {tenon['median_ms']:.2f} | {peer['median_ms']:.2f} | "
                     f"{peer['median_ms'] / tenon['median_ms']:.2f}x as fast | {tenon['error']:.1e} | "
                     f"{peer['error']:.1e} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=10, help="time per model and number of threads")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    arguments = parser.parse_args()
    build, zoo_folder = arguments.build.resolve(), arguments.build.resolve() / "test/models/zoo"
    runtime, results, about = str(build / "runtime/libtenon.so"), [], machine()
    for name in arguments.models or MODELS:
        path, artifact = zoo.prepare(name, zoo_folder), zoo_folder / f"{name}.bench.so"
        compiled = subprocess.run([build / "tools/tenon/tenon", "compile", path, "-o", artifact], capture_output=True,
                                  text=True)
        if compiled.returncode:
            print(f"{name}: does not compile\n{compiled.stderr}", file=sys.stderr)
            continue
        for threads in arguments.threads:
            results.append(measure(name, path, artifact, runtime, threads, arguments.seconds))
            print(as_markdown(results[-1:], about).splitlines()[-1], flush=True)
        artifact.unlink()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "compare.json").write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    (arguments.out / "compare.md").write_text(as_markdown(results, about))


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
