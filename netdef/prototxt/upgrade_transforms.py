"""How images are transformed: from data layers' own blocks to ``transform_param``."""

from netdef.proto import V1LayerParameter

_BLOCKS = {
    V1LayerParameter.DATA: "data_param",
    V1LayerParameter.IMAGE_DATA: "image_data_param",
    V1LayerParameter.WINDOW_DATA: "window_data_param",
}


def move_transforms(layer: V1LayerParameter) -> None:
    """Move scale, mean_file, crop_size and mirror of a V1 data layer to ``transform_param``."""
    if layer.type not in _BLOCKS:
        return
    block = getattr(layer, _BLOCKS[layer.type])
    for name in ("scale", "mean_file", "crop_size", "mirror"):
        if block.HasField(name):
            setattr(layer.transform_param, name, getattr(block, name))
            block.ClearField(name)
