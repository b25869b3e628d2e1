"""BatchNorm's three param specs of early nets."""

from netdef.proto import LayerParameter


def clear_statistics_specs(layer: LayerParameter) -> None:
    """Remove the three param specs of a BatchNorm layer.

    Early nets had to write ``lr_mult: 0`` for mean, variance and count; no solver changes
    those now, whatever is written.
    """
    if layer.type == "BatchNorm" and len(layer.param) == 3:
        layer.ClearField("param")
