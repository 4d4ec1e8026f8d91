#!/usr/bin/env python3
"""Asks `tenon debug` about whole networks: without a fault, and with faults that change a small model of run.py.

  networks.py --work DIR --tenon build/release/tools/tenon/tenon --clean resnet50 bert_base ...
  networks.py --work DIR --tenon build/mutants/tools/tenon/tenon --faults resnet50=convolutions --each 4

DIR is that of run.py, whose table has what is found here. Faults are taken in the order in which run.py has drawn them,
from each stage in turn, until --each of them change the network as well.
"""
import argparse
import collections
import itertools
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bench import Bench  # noqa: E402

LIMIT = 900


def in_turn(results, model):
    """Faults that change the small model, from each stage in turn."""
    stages = collections.defaultdict(list)
    for result in results:
        if result["effect"] == "numbers" and result["model"] == model:
            stages[result["truth"].split("/")[0]].append(result)
    return [r for layer in itertools.zip_longest(*(stages[s] for s in sorted(stages))) for r in layer if r]


def measured(report):
    return {key: report.get(key) for key in ("tolerance", "wall", "processor", "megabytes", "kernels")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenon", required=True, type=os.path.abspath)
    parser.add_argument("--work", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--clean", nargs="*", default=[], metavar="NETWORK")
    parser.add_argument("--faults", nargs="*", default=[], metavar="NETWORK=MODEL")
    parser.add_argument("--each", type=int, default=4)
    options = parser.parse_args()
    bench = Bench(options.tenon, options.work, LIMIT, LIMIT)
    folder = options.work / "networks"
    folder.mkdir(exist_ok=True)
    alarms = 0

    def note(entry):
        with open(options.work / "networks.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")
        print(json.dumps({key: value for key, value in entry.items() if key != "finding"}), flush=True)

    for network in options.clean:
        bench.add_network(network)
        report = bench.debug(network, folder, limit=LIMIT)
        alarms += bool(report["finding"] or "tolerance" not in report)
        note({"model": network, "finding": report["finding"], "error": report.get("error", ""), **measured(report)})
    lines = (options.work / "results.jsonl").read_text().splitlines() if options.faults else []
    results = {result["mutant"]: result for result in map(json.loads, lines)}.values()  # the last one counts
    for network, model in (pair.split("=") for pair in options.faults):
        bench.add_network(network)
        changed = 0
        for result in in_turn(results, model):
            if changed == options.each:
                break
            report = bench.debug(network, folder, limit=LIMIT, mutant=result["mutant"])
            finding = report["finding"] or {"where": "nothing found"}
            changed += bool(report["finding"])
            effect = ""
            if not report["finding"]:  # is it overlooked, or is it none here?
                bench.tolerance[network] = report["tolerance"]
                if network not in bench.expected:
                    bench.expected[network] = bench.run(network, folder)
                effect = bench.differs(network, bench.run(network, folder, mutant=result["mutant"]))
            step = finding.get("rewrite", {}).get("pattern", "") or finding.get("kernel", {}).get("lowering_step", "")
            note({"model": network, "mutant": result["mutant"], "line": result["line"], "fault": result["fault"],
                  "small": model, "truth": result["truth"], "truth_step": result["truth_step"],
                  "found": finding["where"], "step": step, "effect": effect, "finding": report["finding"],
                  "error": report.get("error", ""), **measured(report)})
    sys.exit(bool(alarms))


if __name__ == "__main__":
    main()
