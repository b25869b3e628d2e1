"""Today's names of the layer types that nets of 2013 and 2014 use."""

from netdef.proto import V1LayerParameter

_V1_IRREGULAR = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}

V1_TYPES: dict[int, str] = {
    number: _V1_IRREGULAR.get(name, name.title().replace("_", ""))
    for name, number in V1LayerParameter.LayerType.items()
}
"""From the number of a V1 type to today's name: 4 is ``Convolution``."""

_V0_IRREGULAR = {
    "conv": "CONVOLUTION",
    "images": "IMAGE_DATA",
    "innerproduct": "INNER_PRODUCT",
    "pool": "POOLING",
}
_V0_REGULAR = (
    "accuracy bnll concat data dropout euclidean_loss flatten hdf5_data hdf5_output im2col "
    "infogain_loss lrn multinomial_logistic_loss relu sigmoid softmax softmax_loss split tanh "
    "window_data"
)

V0_TYPES: dict[str, V1LayerParameter.LayerType.ValueType] = {
    name: V1LayerParameter.LayerType.Value(v1)
    for name, v1 in (_V0_IRREGULAR | {n: n.upper() for n in _V0_REGULAR.split()}).items()
}
"""From a V0 type to its V1 number: ``conv`` is 4; ``padding`` layers have none."""
