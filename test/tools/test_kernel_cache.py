"""The kernel cache and the optimisation levels from outside.

TENON is the program. `objcopy` makes other compilers of it.
"""

import json
import os
import pathlib
import subprocess
import time
import unittest

import onnx_bytes as ob
from tool_case import TENON, ToolCase

DIGITS = str(pathlib.Path(__file__).resolve().parents[2] / "examples/digits/digits.onnx")


def chain(*columns):
    """y = relu(.. relu(x w0) w1 ..), each layer a kernel of its own; layers of the same sizes are the same kernel."""
    nodes, weights, inner = [], [], 8
    for i, width in enumerate(columns):
        weights.append(ob.tensor(f"w{i}", [inner, width], [((5 * j) % 13 - 6) / 16 for j in range(inner * width)]))
        nodes += [ob.node("MatMul", [f"x{i}", f"w{i}"], [f"t{i}"]), ob.node("Relu", [f"t{i}"], [f"x{i + 1}"])]
        inner = width
    return ob.model(nodes, [ob.value_info("x0", [4, 8])], [ob.value_info(f"x{len(columns)}", [4, inner])], weights)


class KernelCache(ToolCase):
    def setUp(self):
        super().setUp()
        self.write("two.onnx", chain(16, 24))
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ("TENON_CACHE_DIR", "XDG_CACHE_HOME", "HOME")}

    def compile(self, model="two.onnx", output="out.so", *flags, cache="cache", **options):
        """Returns how many kernels were found and how many not."""
        flags = [*flags, f"--kernel-cache={cache}"] if cache else flags
        done = self.tenon("compile", model, "-o", output, "--name=m", "--json", *flags, env=self.environment, **options)
        report = json.loads(done.stdout)
        return report["cache_hits"], report["cache_misses"]

    def entries(self, folder="cache"):
        return sorted(pathlib.Path(self.path(folder)).glob("llvmcache-*"))

    # ---- What is found, and what not ----

    def test_hits_and_misses(self):
        self.assertEqual(self.compile(), (0, 4))
        self.assertEqual(len(self.entries()), 4)
        self.assertEqual(self.compile(), (4, 0))
        done = self.tenon("compile", "two.onnx", "--timing", "--kernel-cache=cache")
        self.assertIn("kernel cache: 4 hits, 0 misses, in cache", done.stderr)
        self.assertEqual(self.compile(cache="off"), (0, 0))
        self.assertIn("off", self.tenon("compile", "two.onnx", "--timing", "--kernel-cache=off").stderr)

    def test_a_kernel_is_found_wherever_it_stands(self):
        self.compile()
        self.write("other.onnx", chain(8, 16, 24)) # the two kernels have other numbers and nodes other names
        self.assertEqual(self.compile("other.onnx", "with.so"), (4, 2))
        self.compile("other.onnx", "without.so", cache="off")
        self.assertEqual(self.read("with.so"), self.read("without.so"))

    def test_what_decides_the_code_is_in_the_key(self):
        self.compile()
        self.assertEqual(self.compile("two.onnx", "v3.so", "-mcpu=x86-64-v3"), (2, 0))
        self.assertEqual(self.compile("two.onnx", "O1.so", "-O1"), (0, 4))
        self.assertEqual(self.compile("two.onnx", "O0.so", "-O0"), (0, 4))
        self.write("sizes.onnx", chain(16, 25))
        self.assertEqual(self.compile("sizes.onnx"), (2, 2))
        self.assertEqual(self.compile(), (4, 0))

    def test_commands_that_compile_on_their_own_use_it(self):
        for arguments in (["run", "two.onnx", "--random-inputs"], ["bench", "two.onnx", "--runs=1"]):
            self.tenon(*arguments, "--kernel-cache=" + arguments[0], env=self.environment)
            self.assertEqual(len(self.entries(arguments[0])), 2)

    def test_another_compiler_takes_nothing_from_it(self):
        self.compile()
        self.write("id", b"\4\0\0\0\24\0\0\0\3\0\0\0GNU\0" + bytes(range(20)))
        for name, how in (("other", ["--update-section", ".note.gnu.build-id=id"]),
                          ("unnamed", ["--remove-section", ".note.gnu.build-id"])):
            subprocess.run(["objcopy", *how, TENON, name], cwd=self.folder.name, check=True)
            with self.subTest(name):
                self.assertEqual(self.compile(program=self.path(name)), (0, 4))
                self.assertEqual(self.compile(program=self.path(name)), (4, 0))
        self.assertEqual(self.compile(), (4, 0))

    # ---- The same bytes ----

    def test_same_bytes(self):
        one_core = {"preexec_fn": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})}
        for kind in ("so", "o"):
            whole = []
            for name, cache, options in (("off", "off", {}), ("cold", kind, {}), ("warm", kind, {}),
                                         ("one", "off", one_core), ("one-cold", kind + "1", one_core)):
                hits, misses = self.compile(DIGITS, f"{name}.{kind}", cache=cache, **options)
                self.assertEqual((hits > 0, misses > 0), (name == "warm", "cold" in name))
                whole.append(self.read(f"{name}.{kind}"))
            self.assertEqual([data == whole[0] for data in whole], [True] * len(whole))

    def test_several_compilers_at_once(self):
        self.compile("two.onnx", "alone.so", cache="off")
        running = [subprocess.Popen([TENON, "compile", "two.onnx", "-q", "--name=m", "--kernel-cache=cache", "-o", f"{i}.so"],
                                    cwd=self.folder.name) for i in range(6)]
        self.assertEqual([process.wait(300) for process in running], [0] * 6)
        self.assertEqual({self.read(f"{i}.so") for i in range(6)}, {self.read("alone.so")})
        self.assertEqual(len(self.entries()), 4)

    # ---- Damage ----

    def check_replaced(self, damage, replaced=True):
        """Each file is damaged: nothing of it is used, the artifact is what it was, and the file is whole again."""
        self.compile("two.onnx", "good.so")
        whole = [entry.read_bytes() for entry in self.entries()]
        for entry in self.entries():
            damage(entry)
        self.assertEqual(self.compile("two.onnx", "again.so"), (0, 4))
        self.assertEqual(self.read("again.so"), self.read("good.so"))
        if replaced:
            self.assertEqual([entry.read_bytes() for entry in self.entries()], whole)
            self.assertEqual(self.compile(), (4, 0))

    def test_damaged_files(self):
        def flip(at):
            def damage(entry):
                data = bytearray(entry.read_bytes())
                data[at] ^= 4
                entry.write_bytes(data)
            return damage
        for at in (0, 7, 8, 39, 40, 71, 72, 200, -1):
            with self.subTest(at=at):
                self.check_replaced(flip(at))
        for size in (0, 1, 71, 72, 73, 500):
            with self.subTest(size=size):
                self.check_replaced(lambda entry: entry.write_bytes(entry.read_bytes()[:size]))
        self.check_replaced(lambda entry: entry.write_bytes(entry.read_bytes() + b"\0"))
        self.check_replaced(lambda entry: os.truncate(entry, 1 << 36))

    def test_the_file_of_another_kernel(self):
        self.compile()
        others = [entry.read_bytes() for entry in self.entries()]
        self.check_replaced(lambda entry: entry.write_bytes(next(data for data in others if data != entry.read_bytes())))

    def test_files_that_are_no_files_of_ours(self):
        def link(entry):
            target = entry.with_name("target-" + entry.name)
            entry.rename(target)
            entry.symlink_to(target)
        self.check_replaced(link)
        self.check_replaced(lambda entry: entry.chmod(0o666)) # others could have written it

        def pipe(entry):
            entry.unlink()
            os.mkfifo(entry)
        self.check_replaced(pipe)

        def folder(entry):
            entry.unlink()
            entry.mkdir()
            (entry / "file").touch()
        self.check_replaced(folder, replaced=False)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give files away")
    def test_files_of_another_user(self):
        self.check_replaced(lambda entry: os.chown(entry, 12345, 12345))

    def test_a_folder_that_cannot_be_written(self):
        self.write("file", b"mine")
        self.write("two.onnx", chain(16, 24))
        for cache in ("file", "file/below", "/proc/tenon"):
            self.assertEqual(self.compile(cache=cache), (0, 4))
            done = self.tenon("compile", "two.onnx", "--timing", f"--kernel-cache={cache}")
            self.assertIn("4 kernels could not be written", done.stderr)
        self.assertEqual(self.read("file"), b"mine")

    # ---- Where and how much ----

    def test_where_it_is(self):
        self.assertEqual(self.compile(cache=None), (0, 0)) # there is no place
        for name, value, folder in (("HOME", "home", "home/.cache/tenon"), ("XDG_CACHE_HOME", "xdg", "xdg/tenon"),
                                    ("TENON_CACHE_DIR", "own", "own")):
            self.environment[name] = self.path(value)
            self.assertEqual(self.compile(cache=None), (0, 4), name)
            self.assertEqual(len(self.entries(folder)), 4)
            self.assertEqual(os.stat(self.path(folder)).st_mode & 0o077, 0)
        self.assertEqual(self.compile(), (0, 4))

    def test_limit(self):
        self.tenon("compile", "two.onnx", "--kernel-cache-limit=much", code=2)
        self.write("old.onnx", chain(9, 10, 11))
        self.compile("old.onnx")
        old = self.entries()
        self.compile()
        used = [entry for entry in self.entries() if entry not in old]
        (pathlib.Path(self.path("cache")) / "notes.txt").write_text("not the cache's")
        for age, entry in enumerate(old + used):
            os.utime(entry, (time.time() - 4000 + age,) * 2)
        self.compile() # a use makes them younger
        self.assertTrue(all(entry.stat().st_mtime > time.time() - 1000 for entry in used))
        self.write("new.onnx", chain(12))
        self.compile("new.onnx", cache="measured")
        (pathlib.Path(self.path("cache")) / "llvmcache.timestamp").unlink() # when it was last looked at
        room = sum(entry.stat().st_size for entry in [*used, *self.entries("measured")])
        self.compile("new.onnx", "out.so", f"--kernel-cache-limit={room}")
        self.assertLessEqual(sum(entry.stat().st_size for entry in self.entries()), room)
        self.assertTrue(all(entry.exists() for entry in used))
        self.assertFalse(any(entry.exists() for entry in old))
        self.assertTrue(os.path.exists(self.path("cache/notes.txt")))

    # ---- Levels ----

    def test_levels_agree(self):
        self.tenon("run", DIGITS, "--input", "image=random:seed=3", "--output", "probabilities=@y.npy", "--kernel-cache=off")
        artifacts = set()
        for level in ("-O0", "-O1", "-O2"):
            self.tenon("compile", DIGITS, level, "-o", f"digits{level}.so", "--kernel-cache=off")
            self.tenon("run", f"digits{level}.so", "--input", "image=random:seed=3", "--expect", "probabilities=@y.npy",
                       "--rtol=1e-5", "--atol=1e-7")
            artifacts.add(self.read(f"digits{level}.so"))
        self.assertEqual(len(artifacts), 3)
        self.tenon("compile", DIGITS, "-O3", code=2)


if __name__ == "__main__":
    unittest.main()
