"""What the layer is in ONNX."""

from netdef.onnx_export.part import Part, exports


@exports("SoftShrink")
def soft_shrink(part: Part) -> None:
    """Write Shrink, and a product where there is a gain."""
    threshold, gain = part.layer.threshold, part.layer.gain
    shrunk = part.add("Shrink", part.x, lambd=threshold, bias=threshold)
    part.add("Mul", shrunk, gain, to=part.y)
