"""Layers of 2014 (``layers { type: CONVOLUTION }``) into today's form."""

from itertools import zip_longest

from netdef.proto import LayerParameter, V1LayerParameter
from netdef.proto.old_types import V1_TYPES

_OWN_FORM = {"type", "param", "blob_share_mode", "blobs_lr", "weight_decay", "layer"}


def current_layer(old: V1LayerParameter) -> LayerParameter:
    """Return a V1 layer in today's form.

    The i-th ``param`` (a name), ``blob_share_mode``, ``blobs_lr`` and ``weight_decay`` become
    the i-th param spec; all else keeps its name.
    """
    layer = LayerParameter()
    for field, value in old.ListFields():
        if field.name in _OWN_FORM:
            continue
        if isinstance(field.default_value, list):
            getattr(layer, field.name).extend(value)
        elif field.message_type is not None:
            getattr(layer, field.name).CopyFrom(value)
        else:
            setattr(layer, field.name, value)
    if old.HasField("type"):
        layer.type = V1_TYPES[old.type]
    _move_param_specs(old, layer)
    return layer


def _move_param_specs(old: V1LayerParameter, layer: LayerParameter) -> None:
    specs = zip_longest(old.param, old.blob_share_mode, old.blobs_lr, old.weight_decay)
    for name, share_mode, lr_mult, decay_mult in specs:
        layer.param.add(name=name, share_mode=share_mode, lr_mult=lr_mult, decay_mult=decay_mult)
