#!/usr/bin/env python3
"""Times models over batch sizes, image sizes and sequence lengths, and looks for cliffs: sizes whose time per
operation is more than 25 % above a neighbour's. Writes bench/results/sweep.{json,md}.

  sweep.py [MODEL ...] [--threads 1] [--seconds 1] [--rounds 3]

The sizes of a series take turns, and the fastest round of each counts: neighbours on the machine are no cliffs.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import onnx
from onnx import numpy_helper

from compare import HERE, machine, zoo
from architectures import encoder

IMAGES = (160, 192, 224, 256, 288, 320, 384, 448, 512)
BATCHES = (1, 2, 4, 8, 16, 32)
TOKENS = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
CLIFF = 1.25


def image_shapes(name, channels=3, base=224):
    sizes = [(f"{size} px", [f"--shape={name}:1x{channels}x{size}x{size}"]) for size in IMAGES]
    batches = [(f"batch {batch}", [f"--shape={name}:{batch}x{channels}x{base}x{base}"]) for batch in BATCHES]
    return [sizes, batches]


# Per model: series of neighbouring sizes, each with its name and the options that set it.
SERIES = {
    "resnet50": image_shapes("input"),
    "mobilenet_v2": image_shapes("input"),
    # BERT has embeddings of 512 positions.
    "bert_base_dyn": [[(f"{n} tokens", ["--dim=batch=1", f"--dim=seq={n}"]) for n in TOKENS if n <= 512],
                      [(f"batch {batch}", [f"--dim=batch={batch}", "--dim=seq=64"]) for batch in BATCHES]],
    "encoder": [[(f"{n} tokens", []) for n in TOKENS]],
}


def with_open_batch(path):
    """The model with shapes of Reshape that begin with 1 whose first dimension is whatever is left, beside `path`."""
    model = onnx.load(path, load_external_data=False)
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        if tensor.name in shapes and tensor.data_location != onnx.TensorProto.EXTERNAL:
            shape = numpy_helper.to_array(tensor).copy()
            if shape.size and shape[0] == 1 and -1 not in shape:
                shape[0] = -1
                tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
    opened = path.with_name(f"{path.stem}.batch.onnx")
    onnx.save(model, opened)
    return opened


def models(name, folder):
    """For each size its model: of an architecture that is written for one size, one each."""
    if name == "encoder":
        for n in TOKENS:
            path = folder / f"encoder_{n}.sweep.onnx"
            onnx.save(encoder(tokens=n), path)
            yield f"{n} tokens", path
        return
    path = with_open_batch(zoo.prepare(name, folder))
    for series in SERIES[name]:
        for size, _ in series:
            yield size, path


def time_model(tenon, path, options, threads, seconds):
    """Median ms and Gflop, or None and the error where the model does not compile at this size."""
    done = subprocess.run([tenon, "bench", path, "--json", f"--threads={threads}", f"--seconds={seconds}", "-q", *options],
                          capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1]
    result = json.loads(done.stdout)
    return result["median_seconds"] * 1e3, result["flops"] / 1e9


def as_row(point):
    mark = " **cliff**" if point["against_neighbours"] > CLIFF else ""
    return (f"| {point['model']} | {point['size']} | {point['ms']:.2f} | {point['gflop']:.2f} | "
            f"{point['gflop'] / point['ms'] * 1e3:.0f} | {point['against_neighbours']:.2f}{mark} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    arguments = parser.parse_args()
    build, results = arguments.build.resolve(), []
    for model in arguments.models or SERIES:
        paths = dict(models(model, build / "test/models/zoo"))
        for series in SERIES[model]:
            points = {}
            for size, options in [each for _ in range(arguments.rounds) for each in series]:
                ms, gflop = time_model(build / "tools/tenon/tenon", paths[size], options, arguments.threads,
                                       arguments.seconds)
                if ms is None:
                    print(f"{model}, {size}: {gflop}", file=sys.stderr)
                elif size not in points or ms < points[size]["ms"]:
                    points[size] = {"model": model, "size": size, "ms": ms, "gflop": gflop}
            points = list(points.values())
            for i, point in enumerate(points):
                cost = point["ms"] / point["gflop"]
                around = [p["ms"] / p["gflop"] for p in points[max(0, i - 1):i + 2] if p is not point]
                point["against_neighbours"] = cost / min(around) if around else 1
                print(as_row(point), flush=True)
            results += points
        for path in set(paths.values()):
            path.unlink()
    about, stored = machine(), arguments.out / "sweep.json"
    arguments.out.mkdir(parents=True, exist_ok=True)
    if stored.exists():  # other models keep their results
        measured = {point["model"] for point in results}
        results += [point for point in json.loads(stored.read_text())["results"] if point["model"] not in measured]
    stored.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    lines = [f"{about['cpu']}, {arguments.threads} thread, {about['date']}, commit {about['commit']}.", "",
             "| model | size | ms | Gflop | GFLOP/s | time per flop against neighbours |", "|---|---|---|---|---|---|"]
    (arguments.out / "sweep.md").write_text("\n".join(lines + [as_row(point) for point in results]) + "\n")


if __name__ == "__main__":
    main()
