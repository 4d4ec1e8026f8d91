"""Where a planted fault is, found without `tenon debug`, and whether this is what the tool says."""


def read_trace(path):
    """Scopes in which the fault acted, in their order, and by scope the numbers and names of steps; those that passes
    announce, too."""
    scopes, announced = {}, {}
    for line in path.read_text().splitlines() if path.exists() else ():
        place, scope, number, name = line.split(" ", 3)
        (announced if place == "step" else scopes).setdefault(scope, {})[int(number)] = name
    return scopes, announced


def locate(bench, model, folder, mutant, trace, effect):
    """The first pass with whose faults an output changes, and the first step of it: names of steps of which any is
    right, because what decides about a step that a pass announces comes before it."""
    scopes, announced = read_trace(trace)
    order = list(scopes)
    changes = lambda **where: bool(bench.differs(model, bench.run(model, folder, mutant=mutant, **where)))
    if not order:
        return "nowhere", []
    if "hang" in effect:  # every compilation takes until the time limit
        return (order[0], []) if len(order) == 1 else ("not asked", [])
    count = next((n for n in range(1, len(order)) if changes(scope=",".join(order[:n]))), len(order))
    truth, steps = order[count - 1], scopes[order[count - 1]]
    if "/" not in truth:
        return truth, []
    numbers, good, bad = sorted(steps), -1, len(steps) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if changes(scope=",".join(order[:count]), steps=numbers[middle]):
            bad = middle
        else:
            good = middle
    following = announced.get(truth, {}).get(numbers[bad] + 1)
    return truth, [steps[numbers[bad]]] + ([following] if following else [])


def _is_lowering_step_right(mutant, finding):
    """Whether the kernel's step of lowering is the one that has the fault."""
    file, step = mutant["file"], finding.get("kernel", {}).get("lowering_step", "")
    if file.startswith("codegen/kernels/"):
        return f"template {file.split('/')[2]}" in step
    if "/math/" in file or "ExpandMath" in file:
        return "expand-math" in step
    return "template" in step


def judge(mutant, truth, truth_step, finding):
    """Whether the tool names the pass, and the rewrite or step of lowering, that has the fault.

    Passes ask kernel templates what these can do (passes/KernelModel.h). If the fault is in such an answer, it acts in
    a pass that does nothing wrong: then the kernel with its template is right, too.
    """
    is_kernel = finding["where"] == "kernel"
    is_answer = "/" in truth and mutant["file"].startswith("codegen/")
    pass_right = finding["where"] == truth or is_answer and is_kernel
    if is_kernel:
        step_right = _is_lowering_step_right(mutant, finding)
    else:
        named = finding.get("rewrite", {}).get("pattern", "").split("<")[0]
        is_own = mutant["function"] == "matchAndRewrite" and named == mutant["class"]
        step_right = "rewrite" in finding and (named in [name.split("<")[0] for name in truth_step] or is_own)
    return {"pass_right": pass_right, "step_right": pass_right and step_right, "answer": is_answer and is_kernel}
