#!/usr/bin/env python3
"""Times Tenon and its peers on the same models, interleaved, and writes bench/results/compare.{json,md,svg}.

  compare.py [MODEL ...] [--engines tenon onnxruntime openvino] [--threads 1 2] [--seconds 10]

Each engine lives in a process of its own, pinned to the same cores, and they take turns: a few runs of one, a pause in
which its threads go to sleep, a few runs of the next. What is reported is the median over all turns with its 95 %
confidence interval. All are checked in the same run against the model in double precision. `--update` replaces only
the measured models in the results, for the same machine.
"""
import argparse
import dataclasses
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

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "test/models"), str(HERE.parent / "test/support")]
import zoo  # noqa: E402
from check import expected_outputs, relative_error  # noqa: E402
from engines import ENGINES  # noqa: E402
from report import as_markdown, as_row, draw  # noqa: E402

MODELS = ["resnet50", "mobilenet_v2", "efficientnet_b0", "unet", "bert_base", "gpt2", "lstm_tagger"]


@dataclasses.dataclass
class Job:
    """A model to be compiled and run."""
    name: str
    model: pathlib.Path
    tenon: pathlib.Path
    runtime: pathlib.Path
    options: list

    def artifact(self, suffix):
        return self.model.with_name(f"{self.name}.bench.{suffix}")


def work(pipe, engine, cores, job, threads, feeds):
    """A process that runs its engine when told how often, and answers with the times in ms."""
    os.sched_setaffinity(0, cores)
    try:
        start = time.perf_counter()
        instance = ENGINES[engine](job, threads, feeds)
        loaded = time.perf_counter() - start
        instance.run()
        pipe.send((loaded * 1e3, instance.fetch()))
    except Exception as error:
        return pipe.send((None, f"{type(error).__name__}: {error}".splitlines()[0]))
    while count := pipe.recv():
        times = []
        for _ in range(count):
            start = time.perf_counter_ns()
            instance.run()
            times.append((time.perf_counter_ns() - start) / 1e6)
        pipe.send(times)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Engine:
    def __init__(self, name, cores, *arguments):
        self.name, self.samples = name, []
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(other, name, cores, *arguments))
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


def median_interval(samples):
    """95 % confidence interval of the median by order statistics."""
    ordered, n = sorted(samples), len(samples)
    half = 0.98 * n ** 0.5
    return ordered[max(0, int(n / 2 - half))], ordered[min(n - 1, int(n / 2 + half))]


def measure(job, names, threads, seconds):
    feeds = zoo.make_inputs(job.model)
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    expected = expected_outputs(job.name, job.model, 0, feeds)
    result, engines = {"model": job.name, "threads": threads}, []
    for name in names:
        engine = Engine(name, cores, job, threads, feeds)
        if engine.load_ms is None:
            result[name] = {"failed": engine.outputs}
        else:
            engines.append(engine)
    turn = {engine.name: max(2, round(200 / statistics.median(engine.run(3)))) for engine in engines}
    deadline = time.monotonic() + seconds * len(engines)
    while time.monotonic() < deadline or len(engines[0].samples) < 10:
        for engine in engines:
            engine.samples += engine.run(turn[engine.name])
    for engine in engines:
        engine.close()
        low, high = median_interval(engine.samples)
        result[engine.name] = {
            "median_ms": statistics.median(engine.samples), "low_ms": low, "high_ms": high,
            "runs": len(engine.samples), "load_ms": engine.load_ms, "peak_mb": engine.peak_mb,
            "error": max(relative_error(engine.outputs[key], exact) for key, (exact, _) in expected.items())}
    return result


def machine(names=()):
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    field = lambda key: next((l.partition(":")[2].strip() for l in lines if l.startswith(key)), "")  # noqa: E731
    from importlib.metadata import PackageNotFoundError, version

    def package(name):
        try:
            return ENGINES[name].package and version(ENGINES[name].package)
        except PackageNotFoundError:
            return None
    return {"cpu": f"{field('model name') or platform.machine()} (family {field('cpu family')}, model {field('model')})",
            "avx512": "avx512f" in field("flags").split(), "cores": len(os.sched_getaffinity(0)),
            "versions": {name: package(name) for name in names if package(name)},
            "settings": {name: ENGINES[name].settings for name in names},
            "date": time.strftime("%Y-%m-%d"), "load": os.getloadavg()[0],
            "commit": subprocess.run(["git", "describe", "--always"], cwd=HERE, capture_output=True,
                                     text=True).stdout.strip()}


def prepare(job, names):
    """The engines that could compile the model."""
    ready = []
    for name in names:
        try:
            ENGINES[name].prepare(job)
            ready.append(name)
        except subprocess.CalledProcessError as error:
            print(f"{job.name}: {name} cannot compile it ({error})", file=sys.stderr)
    return ready


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--engines", nargs="*", choices=list(ENGINES), help="default: all that are installed but iree")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=10, help="time per engine, model and number of threads")
    parser.add_argument("--option", action="append", default=[], help="passed to `tenon compile`")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    parser.add_argument("--update", action="store_true", help="keep the other models' results")
    arguments = parser.parse_args()
    build, folder = arguments.build.resolve(), arguments.build.resolve() / "test/models/zoo"
    names = arguments.engines or [name for name, engine in ENGINES.items() if name != "iree" and engine.available()]
    about, results = machine(names), []
    for name in arguments.models or MODELS:
        job = Job(name, zoo.prepare(name, folder), build / "tools/tenon/tenon", build / "runtime/libtenon.so",
                  arguments.option)
        ready = prepare(job, names)
        for threads in arguments.threads:
            results.append(measure(job, ready, threads, arguments.seconds))
            print(as_row(results[-1], names), flush=True)
        for suffix in ("so", "vmfb", "iree.mlir"):
            job.artifact(suffix).unlink(missing_ok=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    stored = arguments.out / "compare.json"
    if arguments.update and stored.exists():
        fresh = {(r["model"], r["threads"]) for r in results}
        results += [r for r in json.loads(stored.read_text())["results"] if (r["model"], r["threads"]) not in fresh]
    results.sort(key=lambda r: (r["threads"], MODELS.index(r["model"]) if r["model"] in MODELS else len(MODELS)))
    stored.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    (arguments.out / "compare.md").write_text(as_markdown(results, names, about))
    draw(results, names, arguments.out / "compare.svg")


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
