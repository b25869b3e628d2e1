"""What holds for every layer type, over the registry."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.engines import Clock
from netdef.errors import FieldError
from netdef.fields import plain_value
from netdef.layer import LAYERS, DataLayer
from netdef.proto import BlobShape, LayerParameter
from netdef.registry import snake_case
from tests.gradient import takes_gradient

HERE = Path(__file__).parent
TYPES = list(LAYERS)

NOT_FIELDS = {
    **{
        f"{name}.{field}": "transform_param has it; it is moved there from nets of 2014"
        for name in ("Data", "ImageData", "WindowData")
        for field in ("scale", "mean_file", "crop_size", "mirror")
        if (name, field) != ("WindowData", "scale")
    },
    **{
        f"Im2col.{name}": "what a convolution does with the windows"
        for name in ("num_output", "bias_term", "group", "weight_filler", "bias_filler", "engine")
    },
    "FocalLoss.normalize": "from_proto turns it into a normalization",
    "SigmoidCrossEntropyLoss.normalize": "from_proto turns it into a normalization",
    "InfogainLoss.normalize": "from_proto turns it into a normalization",
    "RNN.debug_info": "netdef show --stage program lists the steps",
    "LSTM.debug_info": "netdef show --stage program lists the steps",
    "Data.force_encoded_color": "transform_param.force_color does it",
    "SoftmaxWithLoss.normalize": "from_proto turns it into a normalization",
}
"""Fields of a layer's message that its class does not declare, and why."""

REQUIRED = {
    "min": -1,
    "max": 1,
    "pyramid_height": 2,
    "tiles": 2,
    "num_output": 4,
    "input_dim": 3,
    "kernel_size": 2,
    "source": "list.txt",
    "batch_size": 2,
    "filter_name": "f",
}
"""Values of fields that have no default."""

LABEL = np.array([2, 0, 1])
REGIONS = np.array([[0, 0, 0, 3, 3], [1, 1, 2, 3, 3]])
SAMPLES = {
    "Accuracy": ({}, [(3, 4), LABEL]),
    "Attention": (dict(num_heads=2), [(2, 3, 4)]),
    "Axpy": ({}, [(2, 3), (2, 3, 4), (2, 3, 4)]),
    "BatchNorm": ({}, [(6, 3, 2, 2)]),
    "BatchReindex": ({}, [(4, 2, 3), LABEL]),
    "CenterLoss": (dict(num_output=4), [(3, 4), LABEL]),
    "ContrastiveLoss": ({}, [(3, 4), (3, 4), np.array([1, 0, 0])]),
    "ConvolutionDepthwise": (dict(num_output=3, kernel_size=(3,)), [(2, 3, 5, 4)]),
    "Convolution": (dict(num_output=4, kernel_size=(3,), pad=(1,)), [(2, 3, 5, 4)]),
    "Deconvolution": (dict(num_output=4, kernel_size=(3,), stride=(2,)), [(2, 3, 5, 4)]),
    "DepthwiseConvolution": (dict(num_output=3, kernel_size=(3,)), [(2, 3, 5, 4)]),
    "Eltwise": (dict(operation="MAX"), [(2, 3), (2, 3)]),
    "Embed": (dict(num_output=3, input_dim=4), [LABEL]),
    "FocalLoss": ({}, [(3, 4), LABEL]),
    "GroupNorm": (dict(group=2), [(2, 4, 3, 3)]),
    "HingeLoss": ({}, [(3, 4), LABEL]),
    "Im2col": (dict(kernel_size=(3,), pad=(1,)), [(2, 3, 5, 4)]),
    "InfogainLoss": ({}, [(3, 4), LABEL, np.eye(4) + 0.1]),
    "LSTM": (dict(num_output=3), [(4, 2, 3), np.ones((4, 2))]),
    "LSTMUnit": ({}, [(1, 2, 3), (1, 2, 12), np.ones((1, 2))]),
    "Log": (dict(shift=10), [(2, 3, 4)]),
    "MultinomialLogisticLoss": ({}, [np.full((3, 4), 0.25), LABEL]),
    "Parameter": (dict(shape=BlobShape(dim=[2, 3])), []),
    "Pooling": (dict(kernel_size=3, stride=2), [(2, 3, 5, 6)]),
    "PSROIPooling": (
        dict(spatial_scale=1, output_dim=1, group_size=2),
        [(2, 4, 5, 4), REGIONS],
    ),
    "PriorBox": (dict(min_size=(3.0,)), [(2, 3, 5, 4), (2, 3, 20, 20)]),
    "ROIPooling": (dict(pooled_h=2, pooled_w=2), [(2, 3, 5, 4), REGIONS]),
    "RNN": (dict(num_output=3), [(4, 2, 3), np.ones((4, 2))]),
    "Reshape": (dict(shape=BlobShape(dim=[0, -1])), [(2, 3, 4)]),
    "SigmoidCrossEntropyLoss": ({}, [(3, 4), np.eye(3, 4)]),
    "SoftmaxWithLoss": ({}, [(3, 4), LABEL]),
    "Upsample": ({}, [(1, 2, 2, 2), np.arange(8).reshape(1, 2, 2, 2)]),
}
"""Fields and bottoms (a shape, or values) where the defaults do not do."""

NOT_TRIED = {"DetectionOutput", "Dropout", "Filter", "HDF5Output", "Input", "Python"}
"""They are random, compute nothing, or not on arrays alone; as do layers of data."""


def descriptors(kind):
    """Yield each field of the messages of a layer class."""
    for message in kind._messages:
        yield from LayerParameter.DESCRIPTOR.fields_by_name[message].message_type.fields


def own_rules(kind):
    return [f for f in dataclasses.fields(kind) if f.name != "training"]


def smallest(kind):
    """Return values for the fields that have no default: REQUIRED's, or the least there may be."""
    schema = {d.name: d for d in (*LayerParameter.DESCRIPTOR.fields, *descriptors(kind))}
    rules = [f for f in dataclasses.fields(kind) if f.default is f.default_factory]

    def value(rule):
        if rule.name in REQUIRED:
            return REQUIRED[rule.name]
        is_text = schema[rule.name].cpp_type == schema[rule.name].CPPTYPE_STRING
        return "name" if is_text else rule.metadata.get("at_least") or 1

    return {rule.name: value(rule) for rule in rules}


@pytest.mark.parametrize("name", TYPES)
def test_has_a_test_file(name):
    assert (HERE / f"test_{snake_case(name)}.py").is_file()


@pytest.mark.parametrize("name", TYPES)
def test_lives_in_the_module_of_its_name(name):
    assert LAYERS[name].__module__ == f"netdef.layers.{snake_case(name)}"


@pytest.mark.parametrize("name", TYPES)
def test_docstring_says_what_it_does_and_its_shapes(name):
    text = inspect.getdoc(LAYERS[name]) or ""
    first = text.partition("\n")[0]
    assert "\nShapes:\n" in text
    assert 10 < len(first) < 101
    if LAYERS[name].__doc__ is LAYERS[name].__mro__[1].__doc__:
        pytest.fail("the docstring is its base's")


@pytest.mark.parametrize("name", TYPES)
def test_defaults_are_the_schemas(name):
    kind = LAYERS[name]
    schema = {d.name: d for d in (*LayerParameter.DESCRIPTOR.fields, *descriptors(kind))}
    for rule in own_rules(kind):
        descriptor = schema[rule.name]
        if descriptor.is_repeated:
            assert rule.default == ()
        elif descriptor.message_type is not None:
            is_none = rule.default is None
            assert is_none or rule.default_factory().DESCRIPTOR is descriptor.message_type
        elif descriptor.has_default_value:
            assert rule.default == plain_value(descriptor, descriptor.default_value)
        else:
            assert rule.default in (None, dataclasses.MISSING)


@pytest.mark.parametrize("name", TYPES)
def test_every_field_of_the_message_is_declared(name):
    declared = {rule.name for rule in own_rules(LAYERS[name])}
    missing = {d.name for d in descriptors(LAYERS[name])} - declared
    excused = {field.partition(".")[2] for field in NOT_FIELDS if field.startswith(f"{name}.")}
    assert missing == excused


LIMITS = [
    (name, rule.name, limit, value)
    for name in TYPES
    for rule in own_rules(LAYERS[name])
    for limit, value in rule.metadata.items()
    if value is not None
]


@pytest.mark.parametrize(("name", "field", "limit", "bound"), LIMITS)
def test_values_out_of_range_are_refused(name, field, limit, bound):
    kind = LAYERS[name]
    step = {"at_least": -1, "at_most": 1, "above": 0}[limit]
    words = {"at_least": "at least", "at_most": "at most", "above": "more than"}[limit]
    with pytest.raises(FieldError) as caught:
        kind(**{**smallest(kind), field: bound + step})
    assert str(caught.value) == f"{field} must be {words} {bound:g}, got {bound + step:g}"


def test_some_fields_have_limits():
    assert ("Convolution", "group", "at_least", 1) in LIMITS


@pytest.mark.parametrize("name", TYPES)
def test_a_layer_cannot_be_changed(name):
    layer = LAYERS[name](**smallest(LAYERS[name]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.training = False


def results(name, dtype):
    """Return the tops, and the gradients if there are any, of one pass on random numbers."""
    kind = LAYERS[name]
    fields, bottoms = SAMPLES.get(name, (None, [(2, 3, 4, 4)] * kind.bottom_ports().fewest))
    layer = kind(**(smallest(kind) if fields is None else fields))
    shapes = [b if isinstance(b, tuple) else b.shape for b in bottoms]
    trial = Trial(layer, *shapes, dtype=dtype, clock=Clock(5))
    rng = np.random.default_rng(5)
    for room, values in zip(trial.bottoms, bottoms, strict=True):
        room[...] = rng.standard_normal(room.shape) if isinstance(values, tuple) else values
    for weight in trial.weights.values():
        weight[...] = rng.standard_normal(weight.shape)
    found = [top.copy() for top in trial.forward()]
    if layer.backward is None:
        return found
    diffs = [rng.standard_normal(top.shape).astype(dtype) for top in trial.tops]
    into = [
        np.zeros_like(b) if takes_gradient(layer, i) else None for i, b in enumerate(trial.bottoms)
    ]
    learned = [w.name for w in trial.signature.weights if w.is_learned]
    added = {n: np.zeros_like(trial.weights[n]) for n in learned}
    trial.backward(diffs, into, added)
    return [*found, *(g for g in into if g is not None), *added.values()]


TRIED = [t for t in TYPES if t not in NOT_TRIED and not issubclass(LAYERS[t], DataLayer)]


@pytest.mark.parametrize("name", TRIED)
def test_float32_agrees_with_float64(name):
    short, long = results(name, "float32"), results(name, "float64")
    assert len(short) == len(long) > 0
    for a, b in zip(short, long, strict=True):
        assert (a.dtype, b.dtype) == ("float32", "float64")
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
