"""Runs the compiler with and without a planted fault, for run.py."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import onnx

import models

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "models"))
import zoo  # noqa: E402

LEAST_DIFFERENCE = 1e-5
# Seconds of processor time after which a compilation or run of a small model is taken to hang.
PROCESSOR_LIMIT = 8
# Most of the time goes into LLVM, in which no fault is: what `tenon debug` is not asked about is compiled without.
FAST = "-O0"
# Of what differs, relative and absolute: reduced with the first tolerances by which the model's outputs are wrong.
REDUCE_TOLERANCES = ((1e-3, 1e-5), (1e-4, 1e-5), (1e-5, 1e-5), (1e-5, 1e-6))


class Bench:
    """Models, and what the compiler makes of them."""

    def __init__(self, tenon, work, time_limit, processor_limit=PROCESSOR_LIMIT):
        self.tenon, self.work, self.time_limit, self.processor_limit = tenon, work, time_limit, processor_limit
        self.expected, self.tolerance, self.paths, self.outputs = {}, {}, {}, {}
        work.mkdir(parents=True, exist_ok=True)
        for name, build in models.MODELS.items():
            self.paths[name] = work / f"{name}.onnx"
            build(self.paths[name])

    def add_network(self, name):
        """One of test/models."""
        self.paths[name] = zoo.prepare(name, self.work / "zoo")

    def names(self, model):
        if model not in self.outputs:
            graph = onnx.load(self.paths[model], load_external_data=False).graph
            self.outputs[model] = [output.name for output in graph.output]
        return self.outputs[model]

    @staticmethod
    def environment(mutant="", scope="", steps="", trace=""):
        wanted = {"TN_MUTANT": mutant, "TN_MUTANT_SCOPE": scope, "TN_MUTANT_STEPS": steps, "TN_MUTANT_TRACE": trace}
        return {**os.environ, **{key: str(value) for key, value in wanted.items() if value != ""}}

    def call(self, folder, *command, limit=0, processor=None, env=None):
        """Runs a command of the compiler; also its seconds, those of the processor, and the memory of its largest
        process in MB."""
        used = folder / "used.txt"
        used.unlink(missing_ok=True)
        limit = limit or 10 * self.time_limit
        # A hard limit would kill without a word.
        done = subprocess.run(["/usr/bin/time", "-q", "-f", "%e %U %S %M", "-o", used, "timeout", "--kill-after=5",
                               str(limit), "prlimit", f"--cpu={processor or 'unlimited'}:",
                               self.tenon, *map(str, command)], env=env, capture_output=True, text=True, cwd=folder)
        seconds, user, system, kilobytes = used.read_text().split()[-4:]
        return done, float(seconds), float(user) + float(system), int(kilobytes) // 1024

    def run(self, model, folder, **where):
        """Outputs of the compiled model; a word where there are none."""
        artifact = folder / "mutant.so"
        artifact.unlink(missing_ok=True)
        done, *_ = self.call(folder, "compile", self.paths[model], "-o", artifact, "-q", "-mcpu=native", FAST,
                             f"--time-limit={self.time_limit}", processor=self.processor_limit,
                             env=self.environment(**where))
        if done.returncode:
            hangs = "CPU time limit" in done.stderr
            return "hang" if hangs else {70: "crash", 6: "hang", 124: "hang"}.get(done.returncode, "diagnostic")
        outputs = [folder / f"y{i}.npy" for i in range(len(self.names(model)))]
        for file in outputs:
            file.unlink(missing_ok=True)
        command = ["run", artifact, "--random-inputs"]
        for name, file in zip(self.names(model), outputs):
            command += ["--output", f"{name}=@{file}"]
        # The artifact runs in the mutated program's own runtime, which has no faults.
        done, *_ = self.call(folder, *command, processor=self.processor_limit)
        if done.returncode:
            return "hang at run time" if done.returncode in (124, -24, 152) else "crash at run time"
        return [np.load(file) for file in outputs]

    def debug(self, model, folder, *flags, limit=0, **where):
        """The report of `tenon debug`, with `wall` seconds, those of the processor, and megabytes."""
        done, seconds, processor, megabytes = self.call(
            folder, "debug", self.paths[model], "--json", f"--time-limit={self.time_limit}", *flags, limit=limit,
            env=self.environment(**where))
        try:
            report = json.loads(done.stdout)
        except ValueError:
            report = {"finding": None, "error": done.stderr or "no report"}
        return {**report, "wall": seconds, "processor": round(processor, 2), "megabytes": megabytes}

    def ask(self, model, folder, mutant):
        """As who knows that outputs are wrong: if nothing is found, the importer is compared with ONNX Runtime."""
        first = self.debug(model, folder, mutant=mutant)
        if first["finding"] or first.get("error"):
            return first
        report = self.debug(model, folder, "--reference=onnxruntime", f"--python={sys.executable}", mutant=mutant)
        for key in ("wall", "processor"):
            report[key] = round(report[key] + first[key], 2)
        return report

    def reduce(self, model, folder, effect, limit, mutant):
        """What `tenon reduce` leaves: nodes of the smallest model, and whether only the fault makes it wrong."""
        small = folder / "small"
        start, tests, said = time.monotonic(), 0, ""
        fault = "numbers" if effect == "numbers" else "auto"
        for rtol, atol in REDUCE_TOLERANCES if fault == "numbers" else REDUCE_TOLERANCES[:1]:
            shutil.rmtree(small, ignore_errors=True)
            done, *_ = self.call(folder, "reduce", self.paths[model], "-o", small, "--json", FAST,
                                 f"--predicate={fault}", f"--rtol={rtol}", f"--atol={atol}",
                                 f"--time-limit={self.time_limit}", limit=limit,
                                 env=self.environment(mutant=mutant))
            said = done.stderr.strip()[-300:]
            if done.returncode == 0:
                tests = json.loads(done.stdout)["tests"]
                break
        result = {"seconds": round(time.monotonic() - start, 1), "tests": tests}
        file = small / "reduced.onnx"
        if not file.exists():
            return {**result, "nodes": None, "said": said}
        shown = {}
        for name, env in (("with", self.environment(mutant=mutant)), ("without", self.environment())):
            shown[name] = subprocess.run(["sh", small / "repro.sh"], env={**env, "TENON": self.tenon},
                                         capture_output=True).returncode
        return {**result, "nodes": len(onnx.load(file, load_external_data=False).graph.node), "rtol": rtol,
                "shown": shown["with"] == 1 and shown["without"] == 0, "shown_codes": shown}

    def differs(self, model, outputs):
        """A word for how outputs differ from those of the unmutated compiler; empty if they do not."""
        if isinstance(outputs, str):
            return outputs
        for got, wanted in zip(outputs, self.expected[model]):
            if got.dtype.kind != "f":
                if (got != wanted).any():
                    return "numbers"
                continue
            finite = np.isfinite(wanted)
            if not np.array_equal(np.isfinite(got), finite):
                return "numbers"
            distance = np.linalg.norm((got - wanted)[finite].astype(np.float64))
            error = distance / max(np.linalg.norm(wanted[finite]), 1e-30)
            if not error <= max(LEAST_DIFFERENCE, 2 * self.tolerance[model]):
                return "numbers"
        return ""

    def learn(self, model):
        """What the unmutated compiler does with a model, in which nothing may be found. The faults that it reaches, and
        in which scopes."""
        report = self.debug(model, self.work)
        clean = not report["finding"] and "tolerance" in report
        if not clean:
            return report, []
        self.tolerance[model] = report["tolerance"]
        self.expected[model] = self.run(model, self.work)
        trace = self.work / f"{model}.trace"
        trace.unlink(missing_ok=True)
        self.run(model, self.work, trace=trace)
        return report, [line.rsplit(" ", 1) for line in trace.read_text().splitlines()]
