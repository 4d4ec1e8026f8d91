"""What run.py found, as text and as Markdown."""
import collections


def _counted(tried):
    return [r for r in tried if r["effect"] == "numbers"]


def _is_small(result):
    nodes = result.get("reduced", {}).get("nodes")
    return nodes is not None and nodes <= 5


def _share(results, holds):
    return f"{sum(bool(holds(r)) for r in results)} of {len(results)}"


def _by_stage(results):
    groups = collections.defaultdict(list)
    for result in results:
        groups[result["truth"].split("/")[0]].append(result)
    return sorted(groups.items())


def summarize(tried):
    """Totals, as lines."""
    counted, failures = _counted(tried), [r for r in tried if r["effect"] not in ("", "numbers") and "truth" in r]
    lines = [f"{len(tried)} faults tried, {len(counted)} change an output, {len(failures)} make the compiler or the "
             f"artifact crash, hang or fail", f"{'stage':10}{'faults':>8}{'pass':>8}{'step':>8}{'small':>8}"]
    for stage, group in [*_by_stage(counted), ("all", counted)]:
        lines.append(f"{stage:10}{len(group):8}{sum(r['pass_right'] for r in group):8}"
                     f"{sum(bool(r['step_right']) for r in group):8}{sum(map(_is_small, group)):8}")
    if failures:
        lines.append(f"{'failures':10}{len(failures):8}{sum(r['pass_right'] for r in failures):8}")
    return lines


def _code(text):
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`" if text else ""


def _steps(result):
    return " or ".join(filter(None, map(_code, result["truth_step"])))


def _row(result):
    reduced = result.get("reduced", {})
    file, right = result["mutant"].rsplit(":", 1)[0], ["no", "yes"]
    nodes = reduced.get("nodes")
    return (f"| {_code(result['mutant'])} | {file.rsplit('/', 1)[1]}:{result['line']} {_code(result['fault'])} "
            f"| {result['model']} | {result['truth']} {_steps(result)} | {result['found']} "
            f"{_code(result['step'])} | {right[result['pass_right']]} | {right[bool(result['step_right'])]} "
            f"| {'none' if nodes is None else nodes}{'' if reduced.get('shown', True) else ' (not shown)'} "
            f"| {result['seconds']:.1f} | {result['megabytes']} |")


def _middle(values):
    return sorted(values)[len(values) // 2] if values else 0


def _totals(tried, counts, seed):
    counted, failures = _counted(tried), [r for r in tried if r["effect"] not in ("", "numbers")]
    examined = [r for r in failures if "truth" in r]
    seconds, megabytes = [r["seconds"] for r in counted], [r["megabytes"] for r in counted]
    processor = [r["processor"] for r in counted]
    rows = [("faults that mutate.py made", counts),
            (f"drawn with seed {seed}", len(tried)),
            ("of these change an output", len(counted)),
            ("right pass, or template whose wrong answer to the pass it is",
             _share(counted, lambda r: r["pass_right"])),
            ("... the very pass (or the kernel) in which the fault acts",
             _share(counted, lambda r: r["pass_right"] and not r["answer"])),
            ("... the kernel's template, which gave a wrong answer to that pass", _share(counted, lambda r: r["answer"])),
            ("right rewrite or step of lowering", _share(counted, lambda r: r["step_right"])),
            ("reduced to 5 operations or fewer", _share(counted, _is_small)),
            ("... and the reduced model is right without the fault, wrong with it",
             _share(counted, lambda r: _is_small(r) and r["reduced"]["shown"])),
            ("seconds of `tenon debug`", f"median {_middle(seconds):.1f}, most {max(seconds, default=0):.1f}"),
            ("... of the processor", f"median {_middle(processor):.1f}, most {max(processor, default=0):.1f}"),
            ("MB of its largest process", f"median {_middle(megabytes)}, most {max(megabytes, default=0)}"),
            ("drawn faults that make the compiler or artifact crash, hang or fail (not counted above)", len(failures)),
            (f"... right pass, of the {len(examined)} that the tool was asked about",
             _share(examined, lambda r: r["pass_right"]))]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


def _network_rows(networks):
    return [f"| {n['model']} | {_code(n['mutant'])} {_code(n['fault'])} | {n['truth']} {_steps(n)} "
            f"| {n['found']}{', and no output changes' if not n['finding'] and not n['effect'] else ''} "
            f"{_code(n['step'])} | {n['wall']:.1f} | {n['processor']:.1f} | {n['megabytes']} |"
            for n in networks]


RULES = """Written by `test/mutants/run.py`, which says how the faults are drawn and how it is known where they are.
Seconds are those of a machine that others used as well.

A step of lowering is right if it is the kernel template, or the expansion of functions, in whose files the fault is; if the
fault is in files that all templates use, any template is right. Passes ask templates what these can do; where this answer
is the fault the pass is innocent, and the kernel with its template is right, too. Both are counted by themselves."""


def write_table(path, tried, others, counts, seed, remark):
    """Writes the Markdown file. `others` are models without a fault, and networks with one."""
    counted, latest = _counted(tried), {(o["model"], o.get("mutant")): o for o in others}.values()
    clean, networks = [o for o in latest if "mutant" not in o], [o for o in latest if "mutant" in o]
    alarms = [o["model"] for o in clean if o.get("finding") or o.get("error")]
    lines = ["# Faults planted in the compiler, and what `tenon debug` and `tenon reduce` make of them", "",
             *RULES.splitlines(), "", *([remark, ""] if remark else []), *_totals(tried, counts, seed), "",
             "| stage | faults | right pass | right step | small |", "|---|---|---|---|---|"]
    for stage, group in _by_stage(counted):
        lines.append(f"| {stage} | {len(group)} | {sum(r['pass_right'] for r in group)} | "
                     f"{sum(bool(r['step_right']) for r in group)} | {sum(map(_is_small, group))} |")
    lines += ["", "## Unmutated compiler", "", f"False alarms: {', '.join(alarms) or 'none'}.", "",
              "| model | kernels | tolerance | seconds | of the processor | MB |", "|---|---|---|---|---|---|"]
    lines += [f"| {c['model']} | {c['kernels']} | {c['tolerance']:.1e} | {c['wall']:.1f} | {c['processor']:.1f} "
              f"| {c['megabytes']} |" for c in clean]
    if networks:
        lines += ["", "## Faults in networks", "",
                  "Where a fault is, is known from the small model that it changes.", "",
                  "| network | fault | where it is | what was said | seconds | of the processor | MB |",
                  "|---|---|---|---|---|---|---|", *_network_rows(networks)]
    lines += ["", "## Faults", "",
              "| fault | line and kind | model | where it is | what was said | pass | step | ops | s | MB |",
              "|---|---|---|---|---|---|---|---|---|---|", *map(_row, counted), ""]
    path.write_text("\n".join(lines))
