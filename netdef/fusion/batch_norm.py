"""Batch normalization, the scaling after it and a ReLU: one call forward and one backward.

The normalized image, and the scaled one before the ReLU, are then never made: backward
works on the image that came in.
"""

from dataclasses import dataclass
from typing import Any

from netdef.fusion.conv_relu import RELU
from netdef.fusion.draft import Draft
from netdef.fusion.pooled_relu import RELU_GRAD
from netdef.program import Call
from netdef.values import Value, View

_SCALINGS = {"x * factor + bias": "factor", "x * scale + bias": "scale"}
_SCALING_GRADS = {"dy * factor": "factor", "dy * scale": "scale"}


@dataclass
class _Match:
    """The places of the calls that become one, and what they work on."""

    statistics: int
    forward: list[int]
    backward: list[int]
    x: Value
    mean: Value
    variance: Value
    eps: float
    y: Value
    scale: Value | None = None
    bias: Value | None = None
    has_relu: bool = False
    dy: Value | None = None
    dx: Value | None = None
    add_scale: Any = None
    add_bias: Any = None


def fuse(draft: Draft) -> None:
    """Put ``batch_norm`` and ``batch_norm_back`` in the place of what they do in one go."""
    for at, _ in draft.calls("batch_statistics"):
        match = _match(draft, at)
        if match is not None and draft.may_join(*match.forward, *match.backward):
            _replace(draft, match)


def _match(draft: Draft, at: int) -> _Match | None:
    """Find the calls around one that takes statistics; None if they are not as they should be."""
    call = draft.at(at)
    x, mean, variance = call.reads["x"], call.writes["mean"], call.writes["variance"]
    for place in draft.readers(x) if isinstance(x, Value) else ():
        standardize = draft.at(place)
        if standardize.options.get("expression") != "(x - mean) * s":
            continue
        inverse = _base(standardize.reads["s"])
        normal, root = standardize.writes["out"], draft.only_writer(inverse)
        if _base(standardize.reads["mean"]) is not mean or root is None:
            continue
        if not isinstance(normal, Value):
            return None
        eps = draft.at(root).options["numbers"]["eps"]
        match = _Match(at, [at, place], [], x, mean, variance, eps, normal)
        return _with_scale(draft, match, normal)
    return None


def _with_scale(draft: Draft, match: _Match, normal: Value) -> _Match | None:
    """Add what scales the normalized image, clips it, and takes the gradients."""
    for place in draft.readers(normal):
        scaling = draft.at(place)
        name = _SCALINGS.get(scaling.options.get("expression", ""))
        if name is None or not isinstance(scaling.writes.get("out"), Value):
            continue
        scale, bias = _weight(scaling.reads[name]), _weight(scaling.reads["bias"])
        if scale is None or bias is None or scale.size != match.mean.size:
            return None
        match.forward.append(place)
        match.scale, match.bias, match.y = scale, bias, scaling.writes["out"]
        _with_relu(draft, match)
        break
    return match if _with_gradients(draft, match, normal) else None


def _with_relu(draft: Draft, match: _Match) -> None:
    for place in draft.readers(match.y):
        relu = draft.at(place)
        if relu.options.get("expression") == RELU and draft.only_reader(match.y) == place:
            match.forward.append(place)
            match.y, match.has_relu = relu.writes["out"], True


def _with_gradients(draft: Draft, match: _Match, normal: Value) -> bool:
    """Add the backward calls; False if somebody else needs the normalized image."""
    others = [r for r in draft.readers(normal) if r not in match.forward]
    if normal in draft.kept and normal is not match.y:
        return False
    gradients = [r for r in others if draft.at(r).primitive == "batch_norm_grad"]
    if not gradients:
        return not others or normal is match.y
    through = draft.at(gradients[0])
    match.backward += gradients
    match.dx, flow = through.writes["out"], through.reads["dy"]
    if match.scale is not None:
        flow = _through_scale(draft, match, flow, normal)
    if not isinstance(flow, Value) or not isinstance(match.dx, Value):
        return False
    match.dy = flow
    if match.has_relu:
        match.dy = _through_relu(draft, match, flow)
    rest = set(others) - set(match.backward)
    return match.dy is not None and (not rest or normal is match.y)


def _through_scale(draft: Draft, match: _Match, flow: Any, normal: Value) -> Any:
    """Add the gradients of the scale and the bias; return the errors that come in there."""
    writer = draft.only_writer(flow) if isinstance(flow, Value) else None
    if writer is None or draft.only_reader(flow) != match.backward[0]:
        return None
    weighing = draft.at(writer)
    name = _SCALING_GRADS.get(weighing.options.get("expression", ""))
    if name is None or _weight(weighing.reads[name]) is not match.scale:
        return None
    match.backward.append(writer)
    errors = weighing.reads["dy"]
    for place in draft.readers(errors) if isinstance(errors, Value) else ():
        sums = draft.at(place)
        if sums.node != weighing.node or not sums.adds:
            continue
        if sums.primitive == "sum_product" and sums.reads["a"] is normal:
            match.add_scale = sums.writes["add_to"]
            match.backward.append(place)
        elif sums.primitive == "sum":
            match.add_bias = sums.writes["add_to"]
            match.backward.append(place)
    return errors if match.add_scale is not None and match.add_bias is not None else None


def _through_relu(draft: Draft, match: _Match, flow: Value) -> Value | None:
    """Add the gradient of the ReLU; return the errors that come in there."""
    writer = draft.only_writer(flow)
    relu = None if writer is None else draft.at(writer)
    is_all = flow not in draft.kept and set(draft.readers(flow)) <= set(match.backward)
    if relu is None or relu.options.get("expression") != RELU_GRAD or not is_all:
        return None
    if relu.reads["y"] is not match.y or not isinstance(relu.reads["dy"], Value):
        return None
    assert writer is not None
    match.backward.append(writer)
    errors: Value = relu.reads["dy"]
    return errors


def _replace(draft: Draft, match: _Match) -> None:
    mask = None
    if match.has_relu and match.dx is not None:
        mask = Value("saved", f"{match.y.name} > 0", match.x.shape, "uint8")
    first, last = draft.at(match.statistics), max(match.forward)
    options = {"eps": match.eps, "relu": match.has_relu}
    reads = {"x": match.x, "scale": match.scale, "bias": match.bias}
    writes = {"out": match.y, "mean": match.mean, "variance": match.variance, "mask": mask}
    for place in match.forward:
        draft.put(place, None)
    draft.put(match.statistics, Call("batch_norm", first.node, reads, writes, options))
    if match.dx is None:
        return
    node = draft.at(match.backward[0]).node
    for place in match.backward:
        draft.put(place, None)
    reads = {"x": match.x, "dy": match.dy, "mean": match.mean, "variance": match.variance}
    reads |= {"scale": match.scale, "mask": mask}
    writes = {"out": match.dx, "add_scale": match.add_scale, "add_bias": match.add_bias}
    draft.put(
        max(match.backward, default=last),
        Call("batch_norm_back", node, reads, writes, options),
    )


def _base(operand: Any) -> Any:
    return operand.base if isinstance(operand, View) else operand


def _weight(operand: Any) -> Value | None:
    """Return the whole weight that an operand shows, one number for each channel."""
    base = _base(operand)
    is_weight = isinstance(base, Value) and base.kind == "weight" and base.ndim == 1
    return base if is_weight else None
