"""The C API of the Tenon runtime for tests and benchmarks, by ctypes."""

import ctypes as C
import os

import ml_dtypes
import numpy as np

# Numbers of tn_dtype (runtime/include/tenon/abi.h).
DTYPES = {
    1: np.dtype(np.float64), 2: np.dtype(np.float32), 3: np.dtype(np.float16), 4: np.dtype(ml_dtypes.bfloat16),
    5: np.dtype(np.bool_), 6: np.dtype(np.int8), 7: np.dtype(np.int16), 8: np.dtype(np.int32), 9: np.dtype(np.int64),
    10: np.dtype(np.uint8), 11: np.dtype(np.uint16), 12: np.dtype(np.uint32), 13: np.dtype(np.uint64),
    14: np.dtype(ml_dtypes.float8_e4m3fn), 15: np.dtype(ml_dtypes.float8_e4m3fnuz),
    16: np.dtype(ml_dtypes.float8_e5m2), 17: np.dtype(ml_dtypes.float8_e5m2fnuz),
    18: np.dtype(ml_dtypes.float8_e8m0fnu), 19: np.dtype(ml_dtypes.float4_e2m1fn), 20: np.dtype(ml_dtypes.int4),
    21: np.dtype(ml_dtypes.uint4), 22: np.dtype(ml_dtypes.int2), 23: np.dtype(ml_dtypes.uint2),
    24: np.dtype(np.complex64), 25: np.dtype(np.complex128),
}
NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
# Bits of the types of which several elements share a byte, the first in the low bits; NumPy gives each a byte.
SUB_BYTE_BITS = {19: 4, 20: 4, 21: 4, 22: 2, 23: 2}


def pack(array):
    """The elements of `array` as the runtime stores them: itself, or packed bytes."""
    bits = SUB_BYTE_BITS.get(NUMBERS[array.dtype])
    if not bits:
        return np.require(array, None, ["C", "A"])
    per_byte = 8 // bits
    codes = np.zeros(-(-array.size // per_byte) * per_byte, np.uint8)
    codes[:array.size] = np.ascontiguousarray(array).view(np.uint8).ravel() & ((1 << bits) - 1)
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    return np.bitwise_or.reduce(codes.reshape(-1, per_byte) << shifts, axis=1).astype(np.uint8)


def unpack(data, number, dims):
    """The array of type `number` that the bytes `data` hold."""
    count, bits = int(np.prod(dims, dtype=np.int64)), SUB_BYTE_BITS.get(number)
    if bits:
        data = (data[:, None] >> (np.arange(8 // bits, dtype=np.uint8) * bits)) & ((1 << bits) - 1)
        data = data.astype(np.uint8).ravel()[:count]
        if number in (20, 22):  # signed: ml_dtypes keeps the sign in the upper bits
            data = ((data ^ (1 << (bits - 1))) - (1 << (bits - 1))).astype(np.uint8)
        return data.view(DTYPES[number]).reshape(dims)
    return data.view(DTYPES[number])[:count].reshape(dims)


class Tensor(C.Structure):
    _fields_ = [("dtype", C.c_int), ("rank", C.c_uint32), ("dims", C.POINTER(C.c_int64)), ("data", C.c_void_p),
                ("bytes", C.c_size_t)]


class TensorInfo(C.Structure):
    _fields_ = [("name", C.c_char_p), ("kind", C.c_int), ("dtype", C.c_int), ("rank", C.c_uint32),
                ("alias_of", C.c_int32), ("dims", C.POINTER(C.c_int64))]


class EntryInfo(C.Structure):
    _fields_ = [("name", C.c_char_p), ("n_inputs", C.c_uint32), ("n_outputs", C.c_uint32), ("n_symbols", C.c_uint32),
                ("n_steps", C.c_uint32), ("level", C.c_char_p), ("level_features", C.c_uint32),
                ("arena_bytes", C.c_uint64), ("arena_lower_bound", C.c_uint64), ("scratch_bytes", C.c_uint64)]


class ModelOptions(C.Structure):
    _fields_ = [("size", C.c_size_t), ("flags", C.c_uint32), ("cpu_exclude", C.c_uint32), ("allocator", C.c_void_p),
                ("log", C.c_void_p), ("log_user", C.c_void_p)]


class ContextOptions(C.Structure):
    _fields_ = [("size", C.c_size_t), ("pool", C.c_void_p), ("n_threads", C.c_uint32), ("profile", C.c_void_p),
                ("profile_user", C.c_void_p)]


class Runtime:
    """libtenon.so at `path`, or at $TENON_RUNTIME."""

    def __init__(self, path=None):
        self.lib = C.CDLL(path or os.environ["TENON_RUNTIME"])
        self.lib.tn_last_error.restype = C.c_char_p

    def check(self, status):
        if status:
            raise RuntimeError(f"tn_status {status}: {self.lib.tn_last_error().decode()}")


class Model:
    """A compiled model with one context."""

    def __init__(self, runtime, path, threads=1, exclude=0):
        self.rt = runtime
        self.model, self.context = C.c_void_p(), C.c_void_p()
        options = ModelOptions(C.sizeof(ModelOptions), 0, exclude, None, None, None)
        runtime.check(runtime.lib.tn_model_load(os.fsencode(path), C.byref(options), C.byref(self.model)))
        context = ContextOptions(C.sizeof(ContextOptions), None, threads, None, None)
        runtime.check(runtime.lib.tn_context_create(self.model, C.byref(context), C.byref(self.context)))
        self.entry = EntryInfo()
        runtime.check(runtime.lib.tn_entry_describe(self.model, 0, C.byref(self.entry)))
        self.inputs = [self._describe("input", i) for i in range(self.entry.n_inputs)]
        self.outputs = [self._describe("output", i) for i in range(self.entry.n_outputs)]

    def close(self):
        self.rt.lib.tn_context_destroy(self.context)
        self.rt.lib.tn_model_destroy(self.model)
        self.model = self.context = None

    def _describe(self, kind, index):
        info = TensorInfo()
        describe = getattr(self.rt.lib, f"tn_{kind}_describe")
        self.rt.check(describe(self.model, 0, index, C.byref(info)))
        if info.kind != 1 or info.dtype not in DTYPES:
            raise NotImplementedError(f"{kind} '{info.name.decode()}' is not a tensor of numbers")
        return info.name.decode(), DTYPES[info.dtype], [info.dims[d] for d in range(info.rank)]

    def _set(self, kind, index, dtype, dims, data):
        sizes = (C.c_int64 * max(1, len(dims)))(*dims)
        tensor = Tensor(NUMBERS[dtype], len(dims), sizes, data.ctypes.data, data.nbytes)
        self.keep.append((sizes, data))
        bind = getattr(self.rt.lib, f"tn_context_set_{kind}")
        self.rt.check(bind(self.context, 0, index, C.byref(tensor)))

    def bind(self, feeds):
        """Binds inputs (a dict by name) and, where shape and type allow, fresh outputs, which it returns by name:
        run() fills them. The others are left to the context: see fetch()."""
        self.keep, self.bound = [], {}
        for index, (name, dtype, _) in enumerate(self.inputs):
            array = np.asarray(feeds[name])
            if array.dtype != dtype:
                raise TypeError(f"input '{name}' is {array.dtype}, the model wants {dtype}")
            self._set("input", index, dtype, array.shape, pack(array))
        for index, (name, dtype, dims) in enumerate(self.outputs):
            if min(dims, default=0) >= 0 and NUMBERS[dtype] not in SUB_BYTE_BITS:
                self.bound[name] = np.empty(dims, dtype)
                self._set("output", index, dtype, dims, self.bound[name])
        return self.bound

    def run(self):
        self.rt.check(self.rt.lib.tn_context_run(self.context, 0))

    def fetch(self):
        """All outputs of the last run, by name."""
        outputs = dict(self.bound)
        for index, (name, dtype, _) in enumerate(self.outputs):
            if name in outputs:
                continue
            tensor = Tensor()
            self.rt.check(self.rt.lib.tn_context_get_output(self.context, 0, index, C.byref(tensor)))
            data = np.frombuffer(C.string_at(tensor.data, tensor.bytes) if tensor.bytes else b"", np.uint8)
            outputs[name] = unpack(data, tensor.dtype, [tensor.dims[d] for d in range(tensor.rank)])
        return outputs

    def __call__(self, feeds):
        self.bind(feeds)
        self.run()
        return self.fetch()
