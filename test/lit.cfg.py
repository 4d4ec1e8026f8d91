import os
import sys

import lit.formats

config.name = "Tenon"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "fuzz"]
config.environment["PATH"] = os.pathsep.join(
    [config.tenon_tools_dir, config.llvm_tools_dir, config.environment["PATH"]]
)
config.substitutions.append(("%python", sys.executable))
