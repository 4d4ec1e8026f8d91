"""Models in double precision: ONNX's reference evaluator, with faster convolutions and what it lacks."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun


def _pads(auto_pad, pads, shape, kernel, strides, dilations):
    """Begin and end padding per spatial dimension (ONNX, Conv: auto_pad)."""
    rank = len(kernel)
    if auto_pad in (None, "", "NOTSET"):
        pads = pads or [0] * (2 * rank)
        return list(zip(pads[:rank], pads[rank:]))
    if auto_pad == "VALID":
        return [(0, 0)] * rank
    result = []
    for size, k, s, d in zip(shape, kernel, strides, dilations):
        total = max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
        small = total // 2
        result.append((small, total - small) if auto_pad == "SAME_UPPER" else (total - small, small))
    return result


def _windows(x, kernel, strides, dilations):
    """[n, c, h, w] -> view [n, c, oh, ow, kh, kw]."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(2, 3))
    return view[:, :, ::strides[0], ::strides[1], ::dilations[0], ::dilations[1]]


class Conv(OpRun):
    def _run(self, x, w, b=None, auto_pad=None, dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
        strides, dilations, group = strides or [1, 1], dilations or [1, 1], group or 1
        amounts = _pads(auto_pad, pads, x.shape[2:], w.shape[2:], strides, dilations)
        x = np.pad(x, [(0, 0), (0, 0), *amounts])
        view = _windows(x, w.shape[2:], strides, dilations)
        n, c, oh, ow, kh, kw = view.shape
        parts, filters = c // group, w.shape[0] // group
        y = np.empty((n, w.shape[0], oh, ow), x.dtype)
        for g in range(group):
            columns = view[:, g * parts:(g + 1) * parts].transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, oh * ow)
            rows = w[g * filters:(g + 1) * filters].reshape(filters, -1)
            y[:, g * filters:(g + 1) * filters] = (rows @ columns).reshape(n, filters, oh, ow)
        return (y if b is None else y + b[:, None, None],)


class ConvTranspose(OpRun):
    """Without overlap: the kernel is as large as the stride and there is no padding."""

    def _run(self, x, w, b=None, auto_pad=None, dilations=None, group=1, kernel_shape=None, output_padding=None,
             output_shape=None, pads=None, strides=None):
        if list(strides) != list(w.shape[2:]) or any(pads or [0]) or (group or 1) != 1:
            raise NotImplementedError("overlapping ConvTranspose")
        n, _, h, wd = x.shape
        y = np.einsum("nchw,cokl->nohkwl", x, w, optimize=True)
        y = y.reshape(n, w.shape[1], h * strides[0], wd * strides[1])
        return (y if b is None else y + b[:, None, None],)


class MaxPool(OpRun):
    def _run(self, x, auto_pad=None, ceil_mode=0, dilations=None, kernel_shape=None, pads=None, storage_order=0,
             strides=None):
        strides, dilations = strides or [1, 1], dilations or [1, 1]
        amounts = _pads(auto_pad, pads, x.shape[2:], kernel_shape, strides, dilations)
        if ceil_mode:
            amounts = [(a, b + s - 1) for (a, b), s in zip(amounts, strides)]
        x = np.pad(x, [(0, 0), (0, 0), *amounts], constant_values=-np.inf)
        return (_windows(x, kernel_shape, strides, dilations).max(axis=(4, 5)),)


class AveragePool(OpRun):
    def _run(self, x, auto_pad=None, ceil_mode=0, count_include_pad=0, dilations=None, kernel_shape=None, pads=None,
             strides=None):
        strides, dilations = strides or [1, 1], dilations or [1, 1]
        amounts = [(0, 0), (0, 0), *_pads(auto_pad, pads, x.shape[2:], kernel_shape, strides, dilations)]
        if ceil_mode:
            raise NotImplementedError("AveragePool with ceil_mode")
        total = _windows(np.pad(x, amounts), kernel_shape, strides, dilations).sum(axis=(4, 5))
        ones = np.pad(np.ones_like(x[:1, :1]), amounts, constant_values=count_include_pad)
        return (total / _windows(ones, kernel_shape, strides, dilations).sum(axis=(4, 5)),)


class LRN(OpRun):
    def _run(self, x, alpha=1e-4, beta=0.75, bias=1.0, size=None):
        before = (size - 1) // 2
        squares = np.pad(x * x, [(0, 0), (before, size - 1 - before), (0, 0), (0, 0)])
        total = sum(squares[:, i:i + x.shape[1]] for i in range(size))
        return (x / (bias + alpha / size * total) ** beta,)


class BatchNormalization(OpRun):
    def _run(self, x, scale, b, mean, var, epsilon=1e-5, momentum=None, spatial=None, training_mode=None):
        shape = (-1, *[1] * (x.ndim - 2))
        factor = scale / np.sqrt(var + epsilon)
        return (x * factor.reshape(shape) + (b - mean * factor).reshape(shape),)


class GatherElements(OpRun):
    def _run(self, x, indices, axis=0):
        return (np.take_along_axis(x, np.where(indices < 0, indices + x.shape[axis], indices), axis),)


class Softmax(OpRun):
    """Before opset 13: over all dimensions from `axis` on, which is 1 by default (made explicit below)."""

    def _run(self, x, axis=None):
        rows = x.reshape(int(np.prod(x.shape[:axis])), -1)
        e = np.exp(rows - rows.max(1, keepdims=True))
        return ((e / e.sum(1, keepdims=True)).reshape(x.shape),)


class LSTM(OpRun):
    """Default activations, no peepholes (ONNX, LSTM)."""

    def _direction(self, x, w, r, b, h, c):
        gates_x, outputs, units = x @ w.T + b[:4 * h.shape[-1]] + b[4 * h.shape[-1]:], [], h.shape[-1]
        for step in gates_x:
            i, o, f, g = np.split(step + h @ r.T, 4, axis=-1)
            i, o, f = (1 / (1 + np.exp(-gate)) for gate in (i, o, f))
            c = f * c + i * np.tanh(g)
            h = o * np.tanh(c)
            outputs.append(h)
        assert outputs[0].shape[-1] == units
        return np.stack(outputs), h, c

    def _run(self, x, w, r, b=None, sequence_lens=None, h0=None, c0=None, p=None, activation_alpha=None,
             activation_beta=None, activations=None, clip=None, direction=None, hidden_size=None, input_forget=None,
             layout=0):
        if p is not None or clip or activations or layout:
            raise NotImplementedError("LSTM with options")
        zeros = np.zeros((x.shape[1], hidden_size), x.dtype)
        results = []
        for d in range(w.shape[0]):
            backward = direction == "reverse" or d == 1
            y, h, c = self._direction(x[::-1] if backward else x, w[d], r[d],
                                      b[d] if b is not None else np.zeros(8 * hidden_size), h0[d] if h0 is not None else
                                      zeros, c0[d] if c0 is not None else zeros)
            results.append((y[::-1] if backward else y, h, c))
        return tuple(np.stack(parts, axis) for parts, axis in zip(zip(*results), (1, 0, 0)))


def _to_double(model):
    """Takes the initializers out of the model, as doubles by name, and makes its nodes compute in double."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    del model.graph.initializer[:]
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.t.data_type == TensorProto.FLOAT:
                attribute.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(attribute.t).astype(np.float64)))
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return {name: value.astype(np.float64) if value.dtype == np.float32 else value for name, value in weights.items()}


def _operators(model):
    operators = [Conv, ConvTranspose, MaxPool, AveragePool, LRN, BatchNormalization, GatherElements, LSTM]
    if any(opset.version >= 13 for opset in model.opset_import if not opset.domain):
        return operators
    for node in model.graph.node:
        if node.op_type == "Softmax" and not node.attribute:
            node.attribute.append(onnx.helper.make_attribute("axis", 1))
    return [*operators, Softmax]


def run_in_double(path, feeds):
    """Outputs by name."""
    model = onnx.load(path)
    weights = _to_double(model)
    evaluator = ReferenceEvaluator(model, new_ops=_operators(model))
    double = {name: value.astype(np.float64) if value.dtype == np.float32 else value for name, value in feeds.items()}
    outputs = evaluator.run(None, {**weights, **double})
    return dict(zip([info.name for info in model.graph.output], outputs))
