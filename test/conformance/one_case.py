"""One operator case: compile, run through the public runtime, compare."""

import pathlib
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import onnx

from cases import bind_small_inputs, read_case

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from tenon_runtime import Model, Runtime  # noqa: E402

# ONNX's own tolerance, except where it is finer than the type: two units in the last place of f16 and bf16.
RTOL, ATOL = 1e-3, 1e-7
TYPE_RTOL = {"float16": 2.0**-9, "bfloat16": 2.0**-6}


@dataclass
class Settings:
    tenon: str
    runtime: str
    cases: pathlib.Path
    work: pathlib.Path
    flags: list
    bind: bool
    exclude: int


class Unsupported(Exception):
    """The compiler said that it cannot compile this, and why."""


class CompilerCrash(Exception):
    """The compiler died, or reported an internal error."""


def compile_model(settings, model, output):
    done = subprocess.run([settings.tenon, "compile", str(model), "-o", str(output), *settings.flags],
                          cwd=settings.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        return
    text = done.stdout.decode(errors="replace").strip()
    if done.returncode < 0 or done.returncode == 70:
        raise CompilerCrash(f"compiler exit {done.returncode}: {first_line(text)}")
    raise Unsupported(first_line(text))


def first_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("target: ")]
    line = lines[0] if lines else "(no output)"
    # A summary line is of no use without the first cause under it.
    return f"{line} | {lines[1]}" if len(lines) > 1 else line


def describe_difference(name, actual, expected):
    """None where `actual` is as expected, else what differs."""
    if actual.dtype != expected.dtype:
        return f"output '{name}' is {actual.dtype}, expected {expected.dtype}"
    if actual.shape != expected.shape:
        return f"output '{name}' has shape {list(actual.shape)}, expected {list(expected.shape)}"
    if expected.dtype.kind in "biu":
        wrong = actual != expected
    else:
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        rtol = TYPE_RTOL.get(expected.dtype.name, RTOL)
        wrong = ~np.isclose(actual.astype(wide), expected.astype(wide), rtol=rtol, atol=ATOL, equal_nan=True)
    if not wrong.any():
        return None
    first = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else ()
    return (f"output '{name}': {int(wrong.sum())} of {wrong.size} elements differ, "
            f"first {list(first)}: {actual[first]}, expected {expected[first]}")


def run_case(name, settings):
    """Returns (status, detail)."""
    folder, output = settings.cases / name, settings.work / f"{name}.so"
    source = folder / "model.onnx"
    model, inputs, expected = read_case(folder)
    if settings.bind:
        remaining = bind_small_inputs(model, inputs)
        if remaining is not None:
            inputs, source = remaining, settings.work / f"{name}.onnx"
            onnx.save(model, source)
    try:
        compile_model(settings, source, output)
        loaded = Model(Runtime(settings.runtime), output, threads=1, exclude=settings.exclude)
        feeds = {key: value for key, value in inputs}
        actual = loaded(feeds)
    except Unsupported as error:
        return "UNSUPPORTED", str(error)
    except CompilerCrash as error:
        return "CRASH", str(error)
    except NotImplementedError as error:
        return "UNSUPPORTED", f"test harness: {error}"
    except Exception as error:  # of the runtime or the wrapper: compiled, but did not run
        return "FAIL", f"{type(error).__name__}: {error}"
    for key, value in expected:
        if not isinstance(value, np.ndarray):
            return "UNSUPPORTED", f"test harness: output '{key}' is not a tensor"
        difference = describe_difference(key, actual[key], value) if key in actual else f"no output '{key}'"
        if difference:
            return "FAIL", difference
    return "PASS", ""
