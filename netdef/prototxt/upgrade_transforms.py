"""How images are transformed: from data layers' own blocks to ``transform_param``."""

import warnings

from netdef.errors import IgnoredField
from netdef.proto import LayerParameter, V1LayerParameter

_V1_BLOCKS = {
    V1LayerParameter.DATA: "data_param",
    V1LayerParameter.IMAGE_DATA: "image_data_param",
    V1LayerParameter.WINDOW_DATA: "window_data_param",
}
_MOVED = ("scale", "mean_file", "crop_size", "mirror")
_UNREAD = {
    "Data": (
        "data_param",
        {**{name: name for name in _MOVED}, "force_encoded_color": "force_color"},
    ),
    "ImageData": ("image_data_param", {name: name for name in _MOVED}),
    # The scale of windows is read where it stands.
    "WindowData": ("window_data_param", {name: name for name in _MOVED[1:]}),
}
"""By type: the block whose old fields nobody reads in a ``layer``, and their names today."""


def move_transforms(layer: V1LayerParameter) -> None:
    """Move scale, mean_file, crop_size and mirror of a V1 data layer to ``transform_param``."""
    if layer.type not in _V1_BLOCKS:
        return
    block = getattr(layer, _V1_BLOCKS[layer.type])
    for name in _MOVED:
        if block.HasField(name):
            setattr(layer.transform_param, name, getattr(block, name))
            block.ClearField(name)


def warn_of_unread(layer: LayerParameter, where: str) -> None:
    """Warn of transformations that stand where Caffe does not read them, nor netdef.

    In a ``layer`` only ``transform_param`` counts; in ``layers``, the form of 2014, see
    ``move_transforms``.
    """
    if layer.type == "MemoryData" and layer.HasField("transform_param"):
        _warn(f"{where}: transform_param does not change arrays; change them yourself")
    if layer.type not in _UNREAD:
        return
    name, names = _UNREAD[layer.type]
    block = getattr(layer, name)
    found = [old for old in names if block.HasField(old)]
    if found:
        _warn(
            f"{where}: {name} has {', '.join(found)}, which nobody reads there; write"
            f" transform_param {{ {' '.join(f'{names[old]}: ...' for old in found)} }}"
        )


def _warn(message: str) -> None:
    warnings.warn(message, IgnoredField, stacklevel=2)
