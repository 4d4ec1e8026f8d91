"""The engines that compare.py runs, each with its best documented settings for one inference at a time in f32.

An engine is a class with `settings` (what it was told, for the report), `available()` and `prepare(job)`, which is
called once in the parent process and may compile; an instance, made in a process that is already pinned to its cores,
loads the model and has run() and fetch(). `package` is the name of the installed package whose version is reported. The
peers are installed by scripts/setup --peers and --torch.
"""
import importlib.util
import pathlib
import subprocess
import sys


class Tenon:
    package = None
    settings = "default levels"

    def available():
        return True

    def prepare(job):
        subprocess.run([job.tenon, "compile", job.model, "-o", job.artifact("so"), "-q", *job.options], check=True)

    def __init__(self, job, threads, feeds):
        from tenon_runtime import Model, Runtime
        loaded = Model(Runtime(str(job.runtime)), job.artifact("so"), threads=threads)
        loaded.bind(feeds)
        self.run, self.fetch = loaded.run, loaded.fetch


class OnnxRuntime:
    package = "onnxruntime"
    settings = "all graph optimisations, sequential execution, spinning threads (its defaults)"

    def available():
        return importlib.util.find_spec("onnxruntime") is not None

    def prepare(job):
        pass

    def __init__(self, job, threads, feeds):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(job.model), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        self.run = lambda: session.run(None, feeds)
        self.fetch = lambda: dict(zip(names, session.run(None, feeds)))


class OpenVino:
    package = "openvino"
    settings = "latency hint, one stream, f32 precision"

    def available():
        return importlib.util.find_spec("openvino") is not None

    def prepare(job):
        pass

    def __init__(self, job, threads, feeds):
        import openvino
        core = openvino.Core()
        compiled = core.compile_model(str(job.model), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False})
        request = compiled.create_infer_request()
        for port in compiled.inputs:
            request.set_tensor(port, openvino.Tensor(feeds[port.any_name]))
        self.run = request.infer
        self.request, self.outputs = request, compiled.outputs

    def fetch(self):
        self.run()
        return {port.any_name: self.request.get_tensor(port).data.copy() for port in self.outputs}


class Iree:
    package = "iree-base-runtime"
    settings = "llvm-cpu for the host CPU, O3, data tiling (its default), local-task with one worker per core"

    def available():
        return importlib.util.find_spec("iree") is not None

    def prepare(job):
        bin_folder = pathlib.Path(sys.executable).parent
        imported = job.artifact("iree.mlir")
        subprocess.run([bin_folder / "iree-import-onnx", job.model, "-o", imported, "--opset-version", "20"], check=True,
                       capture_output=True)
        subprocess.run([bin_folder / "iree-compile", imported, "-o", job.artifact("vmfb"), "--iree-hal-target-device=local",
                        "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host",
                        "--iree-opt-level=O3"], check=True, capture_output=True)

    def __init__(self, job, threads, feeds):
        import iree.runtime as rt
        import numpy as np
        import onnx
        rt.flags.parse_flags(f"--task_topology_group_count={threads}")
        config = rt.Config("local-task")
        with open(job.artifact("vmfb"), "rb") as file:
            module = rt.load_vm_module(rt.VmModule.copy_buffer(config.vm_instance, file.read()), config)
        graph = onnx.load(job.model, load_external_data=False).graph
        arguments = [rt.asdevicearray(config.device, feeds[info.name]) for info in graph.input if info.name in feeds]
        main = module[next(name for name in module.vm_module.function_names if "$" not in name and not name.startswith("__"))]
        self.run = lambda: main(*arguments)
        names = [output.name for output in graph.output]

        def fetch():
            results = main(*arguments)
            return dict(zip(names, [np.asarray(r) for r in (results if isinstance(results, (list, tuple)) else [results])]))
        self.fetch = fetch


class Torch:
    package = "torch"
    settings = "eager, inference_mode, images and filters in channels_last, batch norms folded"

    def available():
        return importlib.util.find_spec("torch") is not None

    def prepare(job):
        pass

    def __init__(self, job, threads, feeds):
        import torch
        from torch_models import TorchModel
        torch.set_num_threads(threads)
        model = TorchModel(job.model)
        inputs, module = model.inputs(feeds), self.finished(model.module)
        self.run = torch.inference_mode()(lambda: module(*inputs))
        self.fetch = lambda: {name: result.numpy() for name, result in zip(model.outputs, self.run())}
        self.warm_up()

    def finished(self, module):
        return module

    def warm_up(self):
        pass


class TorchCompile(Torch):
    settings = "inductor with freezing and max-autotune; otherwise as eager"

    def finished(self, module):
        import torch
        from torch._inductor import config
        config.freezing = config.max_autotune = True
        config.autotune_num_choices_displayed, config.max_autotune_report_choices_stats = 0, False
        config.compile_threads = 1  # more would be processes that stay on the cores that are measured
        return torch.compile(module, fullgraph=True, dynamic=False)

    def warm_up(self):
        from torch._inductor.utils import fresh_cache
        with fresh_cache():  # what loading takes is what compiling takes
            self.run()


ENGINES = {"tenon": Tenon, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "iree": Iree, "torch": Torch,
           "torch_compile": TorchCompile}
