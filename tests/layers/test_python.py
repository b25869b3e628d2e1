import sys

import numpy as np
import pytest

import netdef
from netdef.errors import ConfigError, NetdefError, RunError
from netdef.prototxt import parse_net

CODE = """
import json
import netdef as caffe
import numpy as np


class Affine(caffe.Layer):
    def setup(self, bottom, top):
        self.calls = ["setup"]
        self.power = json.loads(self.param_str or "{}").get("power", 1)
        self.blobs.add_blob(1)
        self.blobs.add_blob(*bottom[0].shape[1:])
        self.blobs[0].data[...] = 3

    def reshape(self, bottom, top):
        self.calls.append(f"reshape {bottom[0].num}")
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        top[0].data[...] = self.blobs[0].data * bottom[0].data ** self.power + self.blobs[1].data
        print(*self.calls)
        self.calls = []

    def backward(self, top, propagate_down, bottom):
        x, dy = bottom[0].data, top[0].diff
        print("propagate_down", propagate_down, f"{top[0].data.ravel()[0]:.3f}")
        self.blobs[0].diff[...] += (dy * x ** self.power).sum()
        self.blobs[1].diff[...] += dy.sum(0)
        if propagate_down[0]:
            slope = self.blobs[0].data * self.power * x ** (self.power - 1)
            bottom[0].diff.reshape(-1)[:] = (dy * slope).ravel()


class EuclideanLoss(caffe.Layer):
    def reshape(self, bottom, top):
        self.diff = np.zeros_like(bottom[0].data)
        top[0].reshape(1)

    def forward(self, bottom, top):
        self.diff[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.diff ** 2) / bottom[0].num / 2

    def backward(self, top, propagate_down, bottom):
        for i, sign in enumerate((1, -1)):
            if propagate_down[i]:
                bottom[i].diff[...] = sign * top[0].diff[0] * self.diff / bottom[i].num


class Growing:
    def setup(self, bottom, top):
        self.size = 1

    def reshape(self, bottom, top):
        top[0].reshape(self.size, 2)

    def forward(self, bottom, top):
        top[0].data[...] = self.size * 10 + self.phase
        self.size += 1


class Partial(caffe.Layer):
    def setup(self, bottom, top):
        assert bottom[0].channels == 3 and (bottom[0].height, bottom[0].width) == (2, 1)
        self.passes = 0

    def reshape(self, bottom, top):
        top[0].reshape(2, 2)

    def forward(self, bottom, top):
        top[0].data[self.passes % 2] = self.passes
        self.passes += 1

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[self.passes % 2] = 1


class Ordered(caffe.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        assert bottom[0].data.flags.c_contiguous
        top[0].data.reshape(-1)[:] = bottom[0].data.ravel()

    def backward(self, top, propagate_down, bottom):
        assert bottom[0].data.flags.c_contiguous and top[0].diff.flags.c_contiguous
        bottom[0].diff.reshape(-1)[:] = top[0].diff.ravel()


class NoForward(caffe.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(1)


class Shapeless(caffe.Layer):
    def reshape(self, bottom, top):
        pass


class Wrong(caffe.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(1)

    def forward(self, bottom, top):
        def deeper():
            return np.zeros(2) @ np.zeros(3)
        top[0].data[...] = deeper()


class WrongSetup(caffe.Layer):
    def setup(self, bottom, top):
        raise ValueError(f"param_str {self.param_str!r} is no number")


class Choosy:
    def __init__(self, more):
        pass


number = 1
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "my_layers.py").write_text(CODE)
    (tmp_path / "for_caffe.py").write_text("import sys\nimport caffe\n")
    (tmp_path / "broken.py").write_text("x = 1\nx +\n")
    monkeypatch.syspath_prepend(tmp_path)
    netdef.allow_python()
    yield tmp_path
    netdef.allow_python(False)
    for name in ("my_layers", "for_caffe", "broken"):
        sys.modules.pop(name, None)


def layer(name, blobs='bottom: "x" top: "y"', more="", module="my_layers"):
    return (
        f'layer {{ name: "user" type: "Python" {blobs}'
        f' python_param {{ module: "{module}" layer: "{name}" {more} }} }}'
    )


def inputs(*shapes, names="xt"):
    tops = " ".join(f'top: "{n}"' for n, _ in zip(names, shapes, strict=False))
    sizes = " ".join("shape {" + "".join(f" dim: {n}" for n in s) + " }" for s in shapes)
    return f'layer {{ name: "in" type: "Input" {tops} input_param {{ {sizes} }} }}\n'


def net(*texts, phase=netdef.TRAIN, **options):
    text = "force_backward: true\n" + "".join(texts)
    return netdef.Net(parse_net(text, "net.prototxt"), phase, **options)


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_weights_gradients_and_the_order_of_calls(capsys, keep):
    made = net(inputs((4, 3)), layer("Affine", more="param_str: '{\"power\": 2}'"), keep=keep)
    scale, bias = made.params["user"]
    np.testing.assert_array_equal(scale.data, [3])
    assert bias.shape == (3,)
    bias.data[...] = [1, 2, 3]
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("f")
    y = made.forward(x=x)["y"].copy()
    np.testing.assert_allclose(y, 3 * x**2 + [1, 2, 3], rtol=1e-6)
    dy = np.random.default_rng(1).normal(size=(4, 3)).astype("f")
    for times in (1, 2):
        made.backward(y=dy)
        np.testing.assert_allclose(scale.diff, [times * (dy * x**2).sum()], rtol=1e-5)
        np.testing.assert_allclose(bias.diff, times * dy.sum(0), rtol=1e-5)
    if keep == "blobs":
        np.testing.assert_allclose(made.blobs["x"].diff, dy * 6 * x, rtol=1e-5)
    made.forward(x=x)
    said = f"propagate_down [True] {y[0, 0]:.3f}"
    order = ["setup reshape 4 reshape 4", said, said, "reshape 4"]
    assert capsys.readouterr().out.splitlines() == order


def test_new_shapes_of_the_bottoms(capsys):
    made = net(inputs((4, 3)), layer("Affine"))
    made.blobs["x"].reshape(2, 3)
    assert made.forward(x=np.ones((2, 3)))["y"].tolist() == [[3, 3, 3]] * 2
    assert capsys.readouterr().out == "setup reshape 4 reshape 2 reshape 2\n"


def test_arrays_of_images_are_in_c_order():
    convs = [
        f'layer {{ name: "{top}" type: "Convolution" bottom: "{bottom}" top: "{top}"'
        " convolution_param { num_output: 2 kernel_size: 3 pad: 1"
        ' weight_filler { type: "xavier" } } }\n'
        for bottom, top in (("x", "a"), ("b", "c"))
    ]
    ordered = layer("Ordered", 'bottom: "a" top: "b"')
    made = net(inputs((4, 3, 6, 5)), convs[0], ordered, convs[1], seed=1)
    x = np.random.default_rng(0).normal(size=(4, 3, 6, 5)).astype("f")
    c = made.forward(x=x)["c"]
    np.testing.assert_array_equal(made.blobs["b"].data, made.blobs["a"].data)
    made.backward(c=np.random.default_rng(1).normal(size=c.shape).astype("f"))
    assert made.blobs["a"].diff.any()
    np.testing.assert_array_equal(made.blobs["b"].diff, made.blobs["a"].diff)


def test_a_loss_trains_what_lies_below():
    below = (
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"'
        " inner_product_param { num_output: 2 } }\n"
    )
    loss = layer("EuclideanLoss", 'bottom: "y" bottom: "t" top: "loss" loss_weight: 2')
    made = netdef.Net(
        parse_net(inputs((4, 3), (4, 2)) + below + loss, "net.prototxt"), netdef.TRAIN
    )
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3)).astype("f"), rng.normal(size=(4, 2)).astype("f")
    out = made.forward(x=x, t=t)
    np.testing.assert_allclose(out["loss"], [(t**2).sum() / 8], rtol=1e-6)
    made.backward()
    np.testing.assert_allclose(made.params["ip"][0].diff, -2 * t.T @ x / 4, rtol=1e-5)


@pytest.mark.parametrize("phase", [netdef.TRAIN, netdef.TEST])
def test_tops_may_change_their_shape_and_there_may_be_no_bottoms(phase):
    above = (
        'layer { name: "s" type: "Scale" bottom: "y" top: "z" scale_param { filler { value: 2 } } }'
    )
    text = layer("Growing", 'top: "y"') + "\n" + above
    made = netdef.Net(parse_net(text, "net.prototxt"), phase)
    for size in (1, 2, 3):
        found = made.forward()["z"]
        assert found.tolist() == [[2 * (size * 10 + phase)] * 2] * size


def test_tops_keep_their_values_and_gradients_begin_at_zero():
    made = net(inputs((2, 3, 2, 1)), layer("Partial"))
    assert made.forward()["y"].tolist() == [[0, 0], [0, 0]]
    made.blobs["x"].diff[...] = 7
    made.backward()
    assert made.blobs["x"].diff[:, 0, 0, 0].tolist() == [0, 1]
    assert made.forward()["y"].tolist() == [[0, 0], [1, 1]]
    made.backward()
    assert made.blobs["x"].diff[:, 0, 0, 0].tolist() == [1, 0]
    assert made.forward()["y"].tolist() == [[2, 2], [1, 1]]


def test_weights_are_saved_and_loaded(tmp_path):
    made = net(inputs((4, 3)), layer("Affine"))
    made.params["user"][0].data[...] = 5
    made.save(str(tmp_path / "w.caffemodel"))
    other = net(inputs((4, 3)), layer("Affine"), weights=str(tmp_path / "w.caffemodel"))
    assert other.forward(x=np.ones((4, 3)))["y"].tolist() == [[5, 5, 5]] * 4


def error(kind, *texts, passes=0, backward=False):
    def run():
        made = net(*texts)
        for _ in range(passes):
            made.forward()
        if backward:
            made.backward()

    with pytest.raises(kind) as caught:
        run()
    return str(caught.value)


def test_it_does_not_run_unless_allowed(monkeypatch):
    netdef.allow_python(False)
    monkeypatch.delitem(sys.modules, "my_layers", raising=False)
    assert error(ConfigError, inputs((2, 3)), layer("Affine")) == (
        "net.prototxt:3: layer 'user' (Python): would run the class 'Affine' of the module"
        " 'my_layers', and a prototxt runs no code unless you say so: give --allow-python, or"
        " call netdef.allow_python()"
    )
    assert "my_layers" not in sys.modules


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (layer("Affine", module="nowhere"), "no module 'nowhere'; put its folder on PYTHONPATH"),
        (layer("affine"), "the module 'my_layers' has no class 'affine'; did you mean 'Affine'?"),
        (layer("number"), "the module 'my_layers' has no class 'number'"),
        (layer("Shapeless"),
         "Shapeless.reshape gives top 0 no shape; call top[0].reshape(...) there"),
        (layer("NoForward"), "the class 'NoForward' has no method 'forward'; define it"),
        (layer("Wrong"),
         "Wrong.forward failed at FOLDER/my_layers.py:LINE: return np.zeros(2) @ np.zeros(3):"
         " ValueError: "),
        (layer("WrongSetup", more="param_str: 'x'"),
         "WrongSetup.setup failed at FOLDER/my_layers.py:LINE: raise ValueError(f\"param_str"
         " {self.param_str!r} is no number\"): ValueError: param_str 'x' is no number"),
        (layer("Choosy"), "Choosy failed: TypeError: Choosy.__init__() missing 1 required"
         " positional argument: 'more'"),
        (layer("Any", module="for_caffe"),
         "import for_caffe failed at FOLDER/for_caffe.py:2: import caffe: ModuleNotFoundError: No"
         " module named 'caffe'; write 'import netdef as caffe' there"),
        (layer("Any", module="broken"),
         "import broken failed at FOLDER/broken.py:2: SyntaxError: invalid syntax (broken.py,"
         " line 2)"),
        ('layer { name: "user" type: "Python" bottom: "x" top: "y" }',
         "python_param must set module"),
    ],
)  # fmt: skip
def test_what_is_refused(given, message, tmp_path):
    found = error(NetdefError, inputs((2, 3)), given, passes=1)
    if "LINE" in message:
        code = message.partition("LINE: ")[2].partition(": ")[0]
        number = next(i for i, line in enumerate(CODE.splitlines(), 1) if code in line)
        message = message.replace("LINE", str(number))
    expected = message.replace("FOLDER", str(tmp_path))
    assert found.startswith(f"net.prototxt:3: layer 'user' (Python): {expected}")
    if not expected.endswith(" "):
        assert found == f"net.prototxt:3: layer 'user' (Python): {expected}"


def test_a_class_without_backward(module):
    text = CODE[CODE.index("class Growing:") : CODE.index("class Partial")]
    (module / "only_forward.py").write_text(text)
    given = layer("Growing", module="only_forward")
    assert error(ConfigError, inputs((1, 2)), given, passes=1, backward=True) == (
        "net.prototxt:3: layer 'user' (Python): the class 'Growing' has no method 'backward';"
        " define it"
    )


def test_the_error_keeps_the_users_exception():
    with pytest.raises(RunError) as caught:
        net(inputs((2, 3)), layer("WrongSetup"))
    assert isinstance(caught.value.__cause__, ValueError)
