"""Where a planted fault is, found without `tenon debug`, and whether this is what the tool says."""


def read_trace(path):
    """Scopes in which the fault acted, in their order, and by scope the numbers and names of steps."""
    scopes = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        _, scope, number, name = line.split(" ", 3)
        scopes.setdefault(scope, {})[int(number)] = name
    return scopes


def locate(bench, model, folder, mutant, trace, effect):
    """The first pass with whose faults an output changes, and the first step of it."""
    scopes = read_trace(trace)
    order = list(scopes)
    changes = lambda **where: bool(bench.differs(model, bench.run(model, folder, mutant=mutant, **where)))
    if not order:
        return "nowhere", ""
    count = next((n for n in range(1, len(order)) if changes(scope=",".join(order[:n]))), len(order))
    truth, steps = order[count - 1], scopes[order[count - 1]]
    if "/" not in truth:
        return truth, ""
    numbers, good, bad = sorted(steps), -1, len(steps) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if changes(scope=",".join(order[:count]), steps=numbers[middle]):
            bad = middle
        else:
            good = middle
    return truth, steps[numbers[bad]]


def _class_of(pattern):
    return pattern.split("<")[0]


def is_step_right(mutant, truth_step, finding):
    """Whether the tool names the rewrite or step of lowering that has the fault."""
    file, owner, function = mutant["file"], mutant["class"], mutant["function"]
    if finding["where"] == "kernel":
        step = finding.get("kernel", {}).get("lowering_step", "")
        if file.startswith("codegen/kernels/"):
            return f"template {file.split('/')[2]}" in step
        if "/math/" in file or "ExpandMath" in file:
            return "expand-math" in step
        return "template" in step
    rewrite = finding.get("rewrite")
    if not rewrite:
        return False
    named = _class_of(rewrite["pattern"])
    return named == _class_of(truth_step) or (function == "matchAndRewrite" and named == owner)
