"""Layers of 2013 (``layers { layer { type: "conv" } }``) into the form of 2014."""

from collections.abc import Iterable

from netdef.errors import FieldError, at, did_you_mean
from netdef.proto import V1LayerParameter
from netdef.proto.old_types import V0_TYPES
from netdef.prototxt.source import place

Placed = tuple[V1LayerParameter, int]

_TRANSFORM = dict.fromkeys(("data", "images", "window_data"), "transform_param")
_BATCHES = {
    "data": "data_param",
    "hdf5_data": "hdf5_data_param",
    "images": "image_data_param",
    "window_data": "window_data_param",
}
_WEIGHTED = {"conv": "convolution_param", "innerproduct": "inner_product_param"}
_CONV = {"conv": "convolution_param"}
_SLIDING = _CONV | {"pool": "pooling_param"}
_LRN = {"lrn": "lrn_param"}
_IMAGES = {"images": "image_data_param"}
_WINDOWS = {"window_data": "window_data_param"}

# Each V0 field: its name today, and the block it goes to, by the layer's type.
_PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "num_output": ("num_output", _WEIGHTED),
    "biasterm": ("bias_term", _WEIGHTED),
    "weight_filler": ("weight_filler", _WEIGHTED),
    "bias_filler": ("bias_filler", _WEIGHTED),
    "pad": ("pad", _SLIDING),
    "kernelsize": ("kernel_size", _SLIDING),
    "group": ("group", _CONV),
    "stride": ("stride", _SLIDING),
    "pool": ("pool", {"pool": "pooling_param"}),
    "dropout_ratio": ("dropout_ratio", {"dropout": "dropout_param"}),
    "local_size": ("local_size", _LRN),
    "alpha": ("alpha", _LRN),
    "beta": ("beta", _LRN),
    "k": ("k", _LRN),
    "source": ("source", _BATCHES | {"infogain_loss": "infogain_loss_param"}),
    "scale": ("scale", _TRANSFORM),
    "meanfile": ("mean_file", _TRANSFORM),
    "cropsize": ("crop_size", _TRANSFORM),
    "mirror": ("mirror", _TRANSFORM),
    "batchsize": ("batch_size", _BATCHES),
    "rand_skip": ("rand_skip", {"data": "data_param"} | _IMAGES),
    "shuffle_images": ("shuffle", _IMAGES),
    "new_height": ("new_height", _IMAGES),
    "new_width": ("new_width", _IMAGES),
    "concat_dim": ("concat_dim", {"concat": "concat_param"}),
    "det_fg_threshold": ("fg_threshold", _WINDOWS),
    "det_bg_threshold": ("bg_threshold", _WINDOWS),
    "det_fg_fraction": ("fg_fraction", _WINDOWS),
    "det_context_pad": ("context_pad", _WINDOWS),
    "det_crop_mode": ("crop_mode", _WINDOWS),
}
_SAME_PLACE = {"blobs", "blobs_lr", "weight_decay"}


def v1_layer(old: V1LayerParameter) -> V1LayerParameter:
    """Return a V0 layer in V1's form, its fields sorted into blocks by its type.

    Raises:
        FieldError: the type is unknown, or does not take one of the fields.
    """
    inner = old.layer
    if inner.type not in V0_TYPES:
        raise FieldError(f"no old layer type {inner.type!r}{did_you_mean(inner.type, V0_TYPES)}")
    layer = V1LayerParameter(bottom=old.bottom, top=old.top, type=V0_TYPES[inner.type])
    if inner.HasField("name"):
        layer.name = inner.name
    for field, value in inner.ListFields():
        if field.name in _SAME_PLACE:
            getattr(layer, field.name).extend(value)
        elif field.name == "hdf5_output_param":
            layer.hdf5_output_param.CopyFrom(value)
        elif field.name not in ("name", "type"):
            _move(inner.type, field.name, value, layer)
    return layer


def _move(kind: str, name: str, value: object, layer: V1LayerParameter) -> None:
    new_name, blocks = _PLACES.get(name, (name, {}))
    if kind not in blocks:
        raise FieldError(f"a layer of the old type {kind!r} does not take {name!r}; remove it")
    block = getattr(layer, blocks[kind])
    field = block.DESCRIPTOR.fields_by_name[new_name]
    if isinstance(field.default_value, list):
        getattr(block, new_name).append(value)
    elif field.message_type is not None:
        getattr(block, new_name).CopyFrom(value)
    else:
        setattr(block, new_name, value)


def merge_padding(layers: Iterable[Placed], path: str) -> list[Placed]:
    """Remove V0's ``padding`` layers; the convolution or pooling that reads one pads instead.

    Each layer comes with its line in ``path``.

    Raises:
        FieldError: another type of layer reads a padded blob.
    """
    padded: dict[str, V1LayerParameter] = {}
    kept = []
    for layer, line in layers:
        with at(f"{place(path, line)}: layer {layer.layer.name!r}"):
            if layer.layer.type == "padding":
                padded[_only(layer.top)] = layer
                continue
            _take_padding(layer, padded)
        for top in layer.top:
            padded.pop(top, None)
        kept.append((layer, line))
    return kept


def _only(blobs: Iterable[str]) -> str:
    names = list(blobs)
    if len(names) != 1:
        raise FieldError(f"a padding layer has one bottom and one top, not {len(names)}")
    return names[0]


def _take_padding(layer: V1LayerParameter, padded: dict[str, V1LayerParameter]) -> None:
    for index, bottom in enumerate(layer.bottom):
        if bottom not in padded:
            continue
        padding = padded[bottom]
        if layer.layer.type not in ("conv", "pool"):
            raise FieldError(
                f"{layer.layer.type!r} cannot read the padding layer {padding.layer.name!r}; "
                "only 'conv' and 'pool' can"
            )
        layer.layer.pad = padding.layer.pad
        layer.bottom[index] = _only(padding.bottom)
