"""The operation graphs of batch normalization, from shapes alone."""

from dataclasses import dataclass

from netdef.engines.cudnn.operation_graph import (
    Draft,
    Ints,
    Operand,
    OperationGraph,
    channels,
    image,
    number,
)


@dataclass(frozen=True)
class Normalized:
    """What forward and backward share."""

    shape: Ints
    dtype: str
    channels_innermost: bool
    eps: float
    relu: bool
    has_mask: bool

    def image(self, name: str, dtype: str | None = None) -> Operand:
        """Describe one of the images."""
        return image(name, self.shape, dtype or self.dtype, self.channels_innermost)

    def vector(self, name: str) -> Operand:
        """Describe a number for each channel."""
        return channels(name, self.shape[1], len(self.shape))


def forward(call: Normalized) -> OperationGraph:
    """Normalize x, scale it, clip it at 0, and note what was clipped.

    The running statistics are asked for because the frontend does not work without; they
    are not used.
    """
    draft = Draft("batch_norm")
    axes = len(call.shape)
    reads = {"input": draft.read(call.image("x"))}
    for parameter in ("scale", "bias", "in_running_mean", "in_running_var"):
        reads[parameter] = draft.read(call.vector(parameter))
    reads["epsilon"] = draft.read(number("epsilon", call.eps, axes))
    reads["momentum"] = draft.read(number("momentum", 1.0, axes))
    made = "normal" if call.relu else "out"
    extra = ("mean", "inverse_std", "running_mean", "running_variance")
    draft.step("batchnorm", (made, *extra), reads)
    writes = [call.image("out"), *(call.vector(name) for name in extra)]
    if call.relu:
        draft.step("relu", "out", {"input": "normal"})
    if call.has_mask:
        zero = draft.read(number("zero", 0.0, axes))
        draft.step("cmp_gt", "mask", {"input": "out", "comparison": zero})
        writes.append(call.image("mask", "bool"))
    return draft.write(*writes)


def backward(call: Normalized) -> OperationGraph:
    """Return the gradients of x, of the scale and of the bias."""
    draft = Draft("batch_norm_back")
    x, errors = draft.read(call.image("x")), draft.read(call.image("dy"))
    if call.has_mask:
        mask = draft.read(call.image("mask", "bool"))
        errors = draft.step("scale", "flow", {"input": errors, "scale": mask}, dtype=call.dtype)
    reads = {"grad": errors, "input": x}
    for parameter, name in (("scale", "scale"), ("mean", "mean"), ("inv_variance", "inverse_std")):
        reads[parameter] = draft.read(call.vector(name))
    draft.step("batchnorm_backward", ("out", "grad_scale", "grad_bias"), reads)
    return draft.write(call.image("out"), call.vector("grad_scale"), call.vector("grad_bias"))
