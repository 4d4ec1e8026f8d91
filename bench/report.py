"""Results of compare.py as a table and as a chart."""
import math

TITLES = {"tenon": "Tenon", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "iree": "IREE", "torch": "PyTorch",
          "torch_compile": "torch.compile"}


def peers(result, names):
    return {name: result[name]["median_ms"] for name in names if name != "tenon" and "median_ms" in result.get(name, {})}


def ratio(result, names):
    """Time of the fastest peer divided by ours; nothing if either is missing."""
    times = peers(result, names)
    return min(times.values()) / result["tenon"]["median_ms"] if times and "median_ms" in result.get("tenon", {}) else None


def _time(engine):
    if "median_ms" not in engine:
        return "fails"
    spread = max(engine["high_ms"] - engine["median_ms"], engine["median_ms"] - engine["low_ms"])
    return f"{engine['median_ms']:.2f} ± {spread:.2f}"


def as_row(result, names):
    against = ratio(result, names)
    cells = [result["model"], str(result["threads"])]
    cells += [_time(result.get(name, {})) for name in names]
    cells += [f"{against:.2f}" if against else "", *(f"{result[n]['error']:.1e}" if "error" in result.get(n, {}) else ""
                                                     for n in names)]
    return "| " + " | ".join(cells) + " |"


def as_markdown(results, names, about):
    versions = ", ".join(f"{TITLES[name]} {version}" for name, version in about["versions"].items())
    lines = [f"{about['cpu']}, {'AVX-512' if about['avx512'] else 'AVX2'}, {about['cores']} cores; {versions}; "
             f"{about['date']}, commit {about['commit']}, load {about['load']:.1f}. Median ms of one inference, f32, batch 1, "
             "± 95 % confidence; error is the relative L2 distance from the model in double precision.", "",
             *(f"- {TITLES[name]}: {settings}" for name, settings in about["settings"].items()), "",
             "| model | threads | " + " | ".join(TITLES[name] for name in names) + " | best peer / Tenon | "
             + " | ".join(f"error {TITLES[name]}" for name in names) + " |",
             "|---" * (3 + 2 * len(names)) + "|"]
    for threads in sorted({r["threads"] for r in results}):
        group = [r for r in results if r["threads"] == threads]
        lines += [as_row(r, names) for r in group]
        ratios = [value for r in group if (value := ratio(r, names))]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(f"| **geometric mean** | {threads} |" + " |" * len(names) + f" **{mean:.2f}** |" + " |" * len(names))
    return "\n".join(lines) + "\n"


def draw(results, names, path):
    """Bars of speed relative to Tenon, a panel per number of threads."""
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "tenon", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot
    counts = sorted({r["threads"] for r in results})
    figure, panels = pyplot.subplots(len(counts), 1, figsize=(9, 2.6 * len(counts)), squeeze=False)
    for threads, panel in zip(counts, panels[:, 0]):
        group = [r for r in results if r["threads"] == threads and "median_ms" in r.get("tenon", {})]
        width = 0.8 / len(names)
        for i, name in enumerate(names):
            speeds = [r["tenon"]["median_ms"] / r[name]["median_ms"] if "median_ms" in r.get(name, {}) else 0 for r in group]
            panel.bar([x + (i - (len(names) - 1) / 2) * width for x in range(len(group))], speeds, width * 0.92,
                      label=TITLES[name])
        panel.set_xticks(range(len(group)), [r["model"] for r in group])
        panel.set_ylabel("speed, Tenon = 1")
        panel.set_title(f"{threads} thread{'s' if threads > 1 else ''}", loc="left", fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0, 0].legend(ncols=len(names), frameon=False, loc="upper right", bbox_to_anchor=(1, 1.2))
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
