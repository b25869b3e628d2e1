import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.proto import BlobShape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Parameter = LAYERS["Parameter"]


@pytest.mark.parametrize("shape", [(2, 3), (4,), ()])
def test_shapes_forward_and_gradient(shape):
    layer = Parameter(shape=BlobShape(dim=shape))
    signature = layer.infer()
    assert signature.tops == [shape]
    assert [w.shape for w in signature.weights] == [shape]
    values = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(Trial.on(layer, weight=values).forward()[0], values)
    check_gradient(layer)


def test_it_begins_as_zeros():
    filler = Parameter(shape=BlobShape(dim=[2])).infer().weights[0].filler
    assert (filler.type, filler.value) == ("constant", 0)


def test_shape_must_be_given():
    layer = 'type: "Parameter" top: "y"'
    assert layer_refusal(layer) == "(Parameter): parameter_param must set shape"
