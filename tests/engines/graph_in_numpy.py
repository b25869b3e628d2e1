"""cuDNN's operation graphs on NumPy: what a GPU would compute, from the graph alone.

It knows nothing of netdef's primitives: each operation is written from cuDNN's documentation,
slowly and in float64.
"""

from itertools import product

import ml_dtypes  # noqa: F401  gives NumPy bfloat16
import numpy as np

from netdef.engines.cudnn.operation_graph import Operand, OperationGraph
from netdef.engines.cudnn.plan import Plan
from netdef.engines.engine import Refused


class NumpyDevice:
    """Has a plan for everything but graphs whose operations ``refuses`` names, all of them."""

    def __init__(self, refuses=(), workspace=100):
        self.refuses, self.workspace, self.asked = [set(r) for r in refuses], workspace, []

    def plan(self, graph: OperationGraph, is_tuned: bool = False) -> Plan:
        self.asked.append(graph)
        operations = {step.operation for step in graph.steps}
        if any(r <= operations for r in self.refuses):
            raise Refused(f"has no plan for {graph}")
        return Plan(self.workspace, b"")

    def is_aligned(self, array):
        return array.ctypes.data % 16 == 0

    def bind(self, graph, plan, arrays, workspace):
        assert arrays.keys() == {o.name for o in (*graph.inputs, *graph.outputs) if o.value is None}
        assert workspace.nbytes == plan.workspace

        def run():
            workspace[...] = 255
            compute(graph, {name: seen(array, graph, name) for name, array in arrays.items()})

        return run


def seen(array, graph, name):
    """View the memory of an array as the operand says it lies; nothing else of it counts."""
    operand = {o.name: o for o in (*graph.inputs, *graph.outputs)}[name]
    reach = sum((n - 1) * s for n, s in zip(operand.dims, operand.strides, strict=True))
    first, last = np.lib.array_utils.byte_bounds(array)
    assert last - first >= array.itemsize * (reach + 1), f"{name} reads past its array"
    kind = np.dtype("uint8" if operand.dtype == "bool" else operand.dtype)
    assert array.dtype == kind, f"{name} is {array.dtype}, not {kind}"
    strides = [s * array.itemsize for s in operand.strides]
    return np.lib.stride_tricks.as_strided(array, operand.dims, strides)


def compute(graph: OperationGraph, arrays) -> None:
    known = {}
    for operand in graph.inputs:
        value = operand.value
        known[operand.name] = (
            np.full(operand.dims, value) if value is not None else wide(arrays[operand.name])
        )
    dims = {o.name: o.dims for o in graph.outputs}
    for step in graph.steps:
        reads = {parameter: known[name] for parameter, name in step.reads}
        options = dict(step.options)
        if step.operation in ("conv_dgrad", "conv_wgrad"):
            options["dims"] = dims[step.makes[0]]
        results = globals()[step.operation](**reads, **options)
        results = results if isinstance(results, tuple) else (results,)
        known |= dict(zip(step.makes, results, strict=True))
    for operand in graph.outputs:
        store(arrays[operand.name], known[operand.name], operand)


def wide(array):
    return array.astype(np.float64)


def store(array, values, operand: Operand):
    assert values.shape == operand.dims, f"{operand.name} is {values.shape}, not {operand.dims}"
    array[...] = values.astype(array.dtype)


def taps(image, filters, y_places, stride, dilation):
    """Yield for each tap of the kernel its place and the pixels of the padded image it sees."""
    for tap in product(*map(range, filters[2:])):
        at = tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, dilation, y_places, stride, strict=True)
        )
        yield tap, image[(slice(None), slice(None), *at)]


def padded(image, before, after):
    return np.pad(image, [(0, 0), (0, 0), *zip(before, after, strict=True)])


def places(size, kernel, before, after, stride, dilation):
    return [
        (n + b + a - d * (k - 1) - 1) // s + 1
        for n, k, b, a, s, d in zip(size, kernel, before, after, stride, dilation, strict=True)
    ]


def conv_fprop(image, weight, pre_padding, post_padding, stride, dilation):
    room = padded(image, pre_padding, post_padding)
    n = places(image.shape[2:], weight.shape[2:], pre_padding, post_padding, stride, dilation)
    groups = image.shape[1] // weight.shape[1]
    out = np.zeros((len(image), len(weight), *n))
    for tap, pixels in taps(room, weight.shape, n, stride, dilation):
        for g, (rows, goal) in enumerate(
            zip(split(pixels, groups), split(out, groups), strict=True)
        ):
            w = np.split(weight, groups)[g][(slice(None), slice(None), *tap)]
            goal[...] += np.einsum("oc,nc...->no...", w, rows)
    return out


def conv_dgrad(loss, filter, pre_padding, post_padding, stride, dilation, dims):
    out = np.zeros(dims)
    room = padded(out, pre_padding, post_padding)
    n = places(dims[2:], filter.shape[2:], pre_padding, post_padding, stride, dilation)
    assert tuple(n) == loss.shape[2:]
    groups = dims[1] // filter.shape[1]
    for tap, pixels in taps(room, filter.shape, n, stride, dilation):
        for g, (goal, dy) in enumerate(
            zip(split(pixels, groups), split(loss, groups), strict=True)
        ):
            w = np.split(filter, groups)[g][(slice(None), slice(None), *tap)]
            goal[...] += np.einsum("oc,no...->nc...", w, dy)
    inner = tuple(slice(b, b + size) for b, size in zip(pre_padding, dims[2:], strict=True))
    return room[(slice(None), slice(None), *inner)]


def conv_wgrad(image, loss, pre_padding, post_padding, stride, dilation, dims):
    room = padded(image, pre_padding, post_padding)
    n = places(image.shape[2:], dims[2:], pre_padding, post_padding, stride, dilation)
    assert tuple(n) == loss.shape[2:]
    out, groups = np.zeros(dims), image.shape[1] // dims[1]
    for tap, pixels in taps(room, dims, n, stride, dilation):
        for g, (rows, dy) in enumerate(
            zip(split(pixels, groups), split(loss, groups), strict=True)
        ):
            goal = np.split(out, groups)[g]
            goal[(slice(None), slice(None), *tap)] = np.einsum("nop,ncp->oc", flat(dy), flat(rows))
    return out


def flat(image):
    return image.reshape(*image.shape[:2], -1)


def split(image, groups):
    return np.split(image, groups, axis=1)


def bias(input, bias):
    return input + bias


def add(a, b):
    return a + b


def relu(input, upper_clip=None, negative_slope=None):
    clipped = np.minimum(input, np.inf if upper_clip is None else upper_clip)
    return np.where(clipped > 0, clipped, (negative_slope or 0) * clipped)


def scale(input, scale):
    return input * scale


def cmp_gt(input, comparison):
    return input > comparison


def matmul(A, B):
    return A @ B


def matches(q, k, attn_scale, use_causal_mask):
    found = attn_scale * np.einsum("nhtd,nhsd->nhts", q, k)
    behind = np.triu(np.ones(found.shape[2:], bool), 1)
    return np.where(behind, -np.inf, found) if use_causal_mask else found


def sdpa(q, k, v, is_inference, attn_scale, use_causal_mask):
    assert not is_inference
    found = matches(q, k, attn_scale, use_causal_mask)
    stats = np.log(np.exp(found).sum(axis=3, keepdims=True))
    return np.einsum("nhts,nhsd->nhtd", np.exp(found - stats), v), stats


def sdpa_backward(q, k, v, o, dO, stats, attn_scale, use_causal_mask, use_deterministic_algorithm):
    assert use_deterministic_algorithm
    share = np.exp(matches(q, k, attn_scale, use_causal_mask) - stats)
    error = np.einsum("nhtd,nhsd->nhts", dO, v) - (dO * o).sum(axis=3, keepdims=True)
    error *= share * attn_scale
    dq, dk = np.einsum("nhts,nhsd->nhtd", error, k), np.einsum("nhts,nhtd->nhsd", error, q)
    return dq, dk, np.einsum("nhts,nhtd->nhsd", share, dO)


def means(x):
    return x.mean(axis=(0, *range(2, x.ndim)), keepdims=True)


def batchnorm(input, scale, bias, in_running_mean, in_running_var, epsilon, momentum):
    count = input.size // input.shape[1]
    mean, m = means(input), momentum
    variance = means((input - mean) ** 2)
    inverse = 1 / np.sqrt(variance + epsilon)
    unbiased = variance * count / max(count - 1, 1)
    running = ((1 - m) * in_running_mean + m * mean, (1 - m) * in_running_var + m * unbiased)
    return (input - mean) * inverse * scale + bias, mean, inverse, *running


def batchnorm_backward(grad, input, scale, mean, inv_variance):
    count = input.size // input.shape[1]
    normal = (input - mean) * inv_variance
    grad_scale, grad_bias = means(grad * normal) * count, means(grad) * count
    dx = scale * inv_variance * (grad - means(grad) - normal * means(grad * normal))
    return dx, grad_scale, grad_bias
