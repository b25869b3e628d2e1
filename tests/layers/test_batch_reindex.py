import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

BatchReindex = LAYERS["BatchReindex"]


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3, 2)])
@pytest.mark.parametrize("index", [[1, 3], [2, 0, 2, 2, 1], [3]])
def test_shapes_forward_and_gradient(shape, index):
    layer = BatchReindex()
    signature = layer.infer(Shape(shape), Shape((len(index),)))
    assert signature.tops == [(len(index), *shape[1:])]
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(Trial.on(layer, x, index).forward()[0], x[index])
    check_gradient(layer, shape, (len(index),), bottoms=[x, index])


@pytest.mark.parametrize("wrong", [-1, 4])
def test_items_that_are_not_there(wrong):
    with pytest.raises(DataError) as caught:
        Trial.on(BatchReindex(), np.zeros((4, 2)), [0, wrong]).forward()
    assert str(caught.value) == f"index {wrong} (item 1) is outside the 4 rows 0 to 3"


@pytest.mark.parametrize("shape", [(2, 1), ()])
def test_index_has_one_axis(shape):
    layer = 'type: "BatchReindex" top: "y"'
    message = f"(BatchReindex): its second bottom must have the shape (M,), not {Shape(shape)}"
    assert layer_refusal(layer, (3, 2), shape) == message


def test_a_single_number_is_no_batch():
    layer = 'type: "BatchReindex" top: "y"'
    message = "(BatchReindex): axis 0 is not one of the 0 axes of ()"
    assert layer_refusal(layer, (), (2,)) == message
