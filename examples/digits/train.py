#!/usr/bin/env python3
"""Train the network of this example and write digits.onnx and heldout.bin: train.py

Data: the digits bundled with scikit-learn (UCI ML hand-written digits, 1,797 images of 8x8 pixels in 0..16).
A fifth of them, chosen by a fixed seed, is held out: written to heldout.bin, 64 pixel bytes and a label byte each,
and never trained on. Everything is NumPy with a fixed seed.
"""
import pathlib

import numpy as np
import onnx
from onnx import helper, numpy_helper
from sklearn.datasets import load_digits

HERE = pathlib.Path(__file__).parent
EPOCHS, BATCH, RATE = 40, 32, 2e-3


def windows(x):
    """[n, 8, 8, c] -> [n, 8, 8, 9 * c]: 3x3 neighbourhoods, zero padded."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate([padded[:, i:i + 8, j:j + 8] for i in range(3) for j in range(3)], axis=-1)


def fold_windows(g, channels):
    """Transpose of windows()."""
    padded = np.zeros((len(g), 10, 10, channels), np.float32)
    for k in range(9):
        i, j = divmod(k, 3)
        padded[:, i:i + 8, j:j + 8] += g[..., k * channels:(k + 1) * channels]
    return padded[:, 1:9, 1:9]


def initial_weights(rng):
    shapes = {"conv1": (9, 16), "conv2": (144, 24), "dense1": (384, 48), "dense2": (48, 10)}
    weights = {}
    for name, (fan_in, out) in shapes.items():
        weights[name + ".weight"] = (rng.standard_normal((fan_in, out)) * np.sqrt(2 / fan_in)).astype(np.float32)
        weights[name + ".bias"] = np.zeros(out, np.float32)
    return weights


def forward(w, x):
    """Logits of images [n, 8, 8, 1] and what the gradients need."""
    w1 = windows(x)
    a1 = np.maximum(w1 @ w["conv1.weight"] + w["conv1.bias"], 0)
    w2 = windows(a1)
    a2 = np.maximum(w2 @ w["conv2.weight"] + w["conv2.bias"], 0)
    blocks = a2.reshape(-1, 4, 2, 4, 2, 24)
    pooled = blocks.max(axis=(2, 4))
    flat = pooled.reshape(len(x), 384)
    a3 = np.maximum(flat @ w["dense1.weight"] + w["dense1.bias"], 0)
    return a3 @ w["dense2.weight"] + w["dense2.bias"], (w1, a1, w2, a2, blocks, pooled, flat, a3)


def gradients(w, x, labels):
    logits, (w1, a1, w2, a2, blocks, pooled, flat, a3) = forward(w, x)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(x)), labels] -= 1
    g, grads = p / len(x), {}

    def affine(name, inputs, g):
        grads[name + ".weight"] = inputs.reshape(-1, inputs.shape[-1]).T @ g.reshape(-1, g.shape[-1])
        grads[name + ".bias"] = g.reshape(-1, g.shape[-1]).sum(0)
        return g @ w[name + ".weight"].T

    g = affine("dense2", a3, g) * (a3 > 0)
    g = affine("dense1", flat, g).reshape(pooled.shape)
    g = np.where(blocks == pooled[:, :, None, :, None], g[:, :, None, :, None], 0).reshape(a2.shape) * (a2 > 0)
    g = fold_windows(affine("conv2", w2, g), 16) * (a1 > 0)
    affine("conv1", w1, g)
    return grads


def shifted(x, rng):
    """Each image moved by up to one pixel."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    offsets = rng.integers(0, 3, (len(x), 2))
    return np.stack([image[i:i + 8, j:j + 8] for image, (i, j) in zip(padded, offsets)])


def train(x, labels, rng):
    w = initial_weights(rng)
    mean = {k: np.zeros_like(v) for k, v in w.items()}
    square = {k: np.zeros_like(v) for k, v in w.items()}
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(len(x))
        for begin in range(0, len(x), BATCH):
            batch = order[begin:begin + BATCH]
            step += 1
            for k, g in gradients(w, shifted(x[batch], rng), labels[batch]).items():  # Adam
                mean[k] += 0.1 * (g - mean[k])
                square[k] += 0.001 * (g * g - square[k])
                w[k] -= rate * (mean[k] / (1 - 0.9**step)) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
    return w


def export(w):
    """The ONNX graph: image 1x1x8x8 in 0..16 -> probabilities 1x10."""
    def conv(name, channels):  # [9 * c, out] -> [out, c, 3, 3]
        return w[name].reshape(3, 3, channels, -1).transpose(3, 2, 0, 1)

    # Flattening is channels-first in ONNX, channels-last in forward().
    dense1 = w["dense1.weight"].reshape(4, 4, 24, 48).transpose(2, 0, 1, 3).reshape(384, 48)
    constants = dict(w, **{"conv1.weight": conv("conv1.weight", 1), "conv2.weight": conv("conv2.weight", 16),
                           "dense1.weight": dense1, "scale": np.float32(16)})
    nodes = [
        helper.make_node("Div", ["image", "scale"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "conv1.weight", "conv1.bias"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "conv2.weight", "conv2.bias"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("MaxPool", ["r2"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense1.weight", "dense1.bias"], ["d1"]),
        helper.make_node("Relu", ["d1"], ["r3"]),
        helper.make_node("Gemm", ["r3", "dense2.weight", "dense2.bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    for node in nodes:
        node.name = node.output[0]
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "digits.onnx")


def main():
    rng = np.random.default_rng(1)
    data = load_digits()
    order = rng.permutation(len(data.target))
    heldout, training = order[:len(order) // 5], order[len(order) // 5:]
    pixels = data.images.astype(np.uint8)
    records = np.concatenate([pixels[heldout].reshape(-1, 64), data.target[heldout, None].astype(np.uint8)], axis=1)
    (HERE / "heldout.bin").write_bytes(records.tobytes())

    x = (pixels[..., None] / 16).astype(np.float32)
    w = train(x[training], data.target[training], rng)
    export(w)
    for name, part in (("training", training), ("held out", heldout)):
        right = forward(w, x[part])[0].argmax(1) == data.target[part]
        print(f"{name}: {right.sum()} of {len(part)} right, {100 * right.mean():.1f}%")


if __name__ == "__main__":
    main()
