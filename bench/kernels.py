#!/usr/bin/env python3
"""Measures kernels by themselves and writes bench/results/kernels.{json,md}.

  kernels.py [--build build/release] [--targets x86-64-v4 x86-64-v3] [--search x86-64-v4=FILE ...]

For every level: tenon-schedule-search (the chosen schedule against all others, over a grid of shapes) and
tenon-kernel-bench (the kernels of networks, hot and with cold weights), one after the other on one pinned core. Shares are
those of a loop of multiply-adds and of the bandwidth of reading memory, both measured beside. `--search` takes what an
earlier tenon-schedule-search --json wrote instead of searching again, which takes ten minutes per level.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import compare  # noqa: E402

LARGE = 50e6  # flops from which on a product or convolution is to reach the peak
PEAK_TARGET, BANDWIDTH_TARGET = 0.92, 0.85


def run_json(*command):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        subprocess.run([*command, "--json", path], check=True, stdout=sys.stderr)
        return json.loads(pathlib.Path(path).read_text())


def memory_bandwidth(build, target):
    """Bytes per second that one thread reads from memory, as `tenon bench` measures it."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = os.path.join(folder, "model.so")
        tenon = build / "tools/tenon/tenon"
        subprocess.run([tenon, "compile", HERE.parent / "examples/digits/digits.onnx", "-o", artifact, "-q"], check=True)
        done = subprocess.run([tenon, "bench", artifact, "--threads=1", "--runs=5", "--json"], check=True,
                              capture_output=True)
    return json.loads(done.stdout)["machine"]["bytes_per_second"]


def search_section(level):
    shapes = level["search"]
    ratios = sorted(s["chosen_seconds"] / s["best_seconds"] for s in shapes)
    large = [s for s in shapes if s["flops"] >= LARGE and s["template"] == "contraction"]
    shares = [s["flops"] / s["chosen_seconds"] / s["peak_flops"] for s in large]
    lines = [f"## {level['target']}: the chosen schedule against all others", "",
             f"{len(shapes)} shapes, warm operands. The chosen schedule takes {statistics.mean(ratios):.3f} times the best "
             f"one's time on average, {statistics.median(ratios):.3f} in the middle, {ratios[-1]:.2f} at worst; "
             f"{sum(r <= 1.05 for r in ratios)} of {len(ratios)} are within 5 %. Of {len(large)} direct products and "
             f"convolutions of {LARGE / 1e6:.0f} Mflop and more {sum(s >= PEAK_TARGET for s in shares)} reach "
             f"{PEAK_TARGET:.0%} of the multiply-add peak; the median is {statistics.median(shares):.0%}.", "",
             "| shape | template | tried | µs | of the best | share of the peak | best's | chosen | best |",
             "|---|---|---|---|---|---|---|---|---|"]
    for s in shapes:
        ratio = s["chosen_seconds"] / s["best_seconds"]
        lines.append(f"| {s['name']} | {s['template']} | {s['candidates']} | {s['chosen_seconds'] * 1e6:.1f} | {ratio:.3f} | "
                     f"{s['flops'] / s['chosen_seconds'] / s['peak_flops']:.0%} | "
                     f"{s['flops'] / s['best_seconds'] / s['peak_flops']:.0%} | {s['chosen']} | "
                     f"{'' if s['chosen'] == s['best'] else s['best']} |")
    return lines


def kernel_section(level):
    bandwidth = level["bytes_per_second"]
    rows, bound = [], []
    for k in level["kernels"]:
        peak = k["flops"] / k["cold_seconds"] / k["peak_flops"]
        share = k["bytes"] / k["cold_seconds"] / bandwidth
        is_bound = k["bytes"] / bandwidth > k["flops"] / k["peak_flops"]
        if is_bound and k["bytes"] >= 1 << 20:
            bound.append(share)
        rows.append(f"| {k['name']} | {k['template']} | {k['hot_seconds'] * 1e6:.1f} | {k['cold_seconds'] * 1e6:.1f} | "
                    f"{k['flops'] / k['hot_seconds'] / k['peak_flops']:.0%} | {peak:.0%} | "
                    f"{k['bytes'] / k['cold_seconds'] / 1e9:.1f} | {share:.0%} | "
                    f"{'memory' if is_bound else 'arithmetic'} |")
    return [f"## {level['target']}: kernels of networks", "",
            f"Cold: weights (inputs behind the first) come from memory, at most {bandwidth / 1e9:.1f} GB/s; the first input and "
            f"the result may be in the caches. Of {len(bound)} kernels of 1 MiB and more that memory bounds "
            f"{sum(s >= BANDWIDTH_TARGET for s in bound)} reach {BANDWIDTH_TARGET:.0%} of that.", "",
            "| kernel | template | µs hot | µs cold | peak hot | peak cold | GB/s cold | of the bandwidth | bound by |",
            "|---|---|---|---|---|---|---|---|---|", *rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    parser.add_argument("--targets", nargs="+", default=["x86-64-v4", "x86-64-v3"])
    parser.add_argument("--search", nargs="*", default=[], metavar="LEVEL=FILE")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    known = dict(entry.split("=", 1) for entry in options.search)
    levels = []
    for target in options.targets:
        search = (json.loads(pathlib.Path(known[target]).read_text()) if target in known else
                  run_json(options.build / "bench/search/tenon-schedule-search", "--target", target))
        kernels = run_json(options.build / "bench/kernels/tenon-kernel-bench", "--target", target)
        levels.append({"target": target, "bytes_per_second": memory_bandwidth(options.build, target),
                       "search": search["shapes"], "kernels": kernels["kernels"]})
    about = compare.machine()
    title = f"{about['cpu']}, {about['date']}, commit {about['commit']}. One thread, f32."
    lines = [title, "", "Written by `bench/kernels.py`."]
    for level in levels:
        lines += ["", *kernel_section(level), "", *search_section(level)]
    (options.out / "kernels.json").write_text(json.dumps({"machine": about, "levels": levels}, indent=1) + "\n")
    (options.out / "kernels.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
