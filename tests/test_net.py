"""pycaffe's API: a net to look into between calls."""

import numpy as np
import pytest

import netdef
from netdef.errors import ConfigError, DataError, WeightsError
from netdef.prototxt import parse_net

TEXT = """
name: "small"
layer { name: "in" type: "Input" top: "x" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip" top: "ip2"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy"
  include { phase: TEST } }
"""
X = np.random.default_rng(0).standard_normal((4, 3)).astype("f4")
LABEL = np.array([0, 1, 2, 1], "f4")


def small(text=TEXT, phase=netdef.TRAIN, **options):
    options = {"seed": 1, **options}
    return netdef.Net(parse_net(text, "net.prototxt"), phase, **options)


@pytest.fixture
def net():
    made = small()
    made.blobs["x"].data[...] = X
    made.blobs["label"].data[...] = LABEL
    return made


def refused(function, *arguments, error=ConfigError, **named):
    with pytest.raises(error) as caught:
        function(*arguments, **named)
    return str(caught.value)


def relu(x):
    return np.maximum(x, 0)


def by_hand(net, x=X):
    """Return ip and ip2 from the net's weights."""
    (w, b), (w2, b2) = ([p.data for p in net.params[n]] for n in ("ip", "ip2"))
    ip = relu(x @ w.T + b)
    return ip, ip @ w2.T + b2


def test_names(net):
    assert net.name == "small"
    assert list(net.blobs) == ["x", "label", "ip", "ip2", "loss"]
    assert list(net.params) == ["ip", "ip2"]
    assert (net.inputs, net.outputs) == (["x", "label"], ["loss"])
    assert list(net.layer_names) == ["in", "ip", "relu", "ip2", "loss"]
    assert net.layer_types == ["Input", "InnerProduct", "ReLU", "InnerProduct", "SoftmaxWithLoss"]
    assert net.top_names["relu"] == ["ip"] and net.bottom_names["loss"] == ["ip2", "label"]
    assert net.loss_weights == {"loss": 1.0}
    assert small(phase=netdef.TEST).outputs == ["loss", "accuracy"]


def test_shapes(net):
    assert net.blobs["x"].shape == (4, 3) and net.blobs["loss"].shape == ()
    assert [p.shape for p in net.params["ip"]] == [(5, 3), (5,)]
    x = net.blobs["x"]
    assert (x.num, x.channels, x.height, x.width, x.count) == (4, 3, 1, 1, 12)


def test_forward(net):
    got = net.forward()
    ip, ip2 = by_hand(net)
    np.testing.assert_allclose(net.blobs["ip"].data, ip, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.blobs["ip2"].data, ip2, rtol=1e-5, atol=1e-6)
    each = np.log(np.exp(ip2).sum(axis=1)) - ip2[np.arange(4), LABEL.astype(int)]
    assert list(got) == ["loss"]
    assert got["loss"] == pytest.approx(each.mean(), rel=1e-5)


def test_forward_with_inputs_and_more_blobs():
    net = small()
    got = net.forward(["ip"], x=X, label=LABEL)
    assert list(got) == ["loss", "ip"]
    np.testing.assert_allclose(got["ip"], by_hand(net)[0], rtol=1e-5, atol=1e-6)


def test_forward_from_and_to_a_layer(net):
    net.forward()
    net.blobs["ip"].data[...] = 2
    (w2, b2) = (p.data for p in net.params["ip2"])
    got = net.forward(start="ip2", end="ip2")
    assert list(got) == ["ip2"]
    np.testing.assert_allclose(got["ip2"], np.tile(2 * w2.sum(axis=1) + b2, (4, 1)), rtol=1e-5)
    assert (net.blobs["ip"].data == 2).all()
    loss = net.blobs["loss"].data.copy()
    net.forward(end="relu")
    np.testing.assert_allclose(net.blobs["ip"].data, by_hand(net)[0], rtol=1e-5, atol=1e-6)
    assert net.blobs["loss"].data == loss


def test_weights_that_are_written_count_in_the_next_pass(net):
    net.params["ip2"][0].data[...] = 0
    net.params["ip2"][1].data[...] = [1, 2, 3]
    net.forward()
    assert net.blobs["ip2"].data.tolist() == [[1, 2, 3]] * 4


def test_backward(net):
    net.forward()
    net.backward()
    ip, ip2 = by_hand(net)
    p = np.exp(ip2) / np.exp(ip2).sum(axis=1, keepdims=True)
    p[np.arange(4), LABEL.astype(int)] -= 1
    d_ip2 = p / 4
    d_ip = d_ip2 @ net.params["ip2"][0].data * (ip > 0)
    for blob, want in [("ip2", d_ip2), ("ip", d_ip2 @ net.params["ip2"][0].data)]:
        np.testing.assert_allclose(net.blobs[blob].diff, want, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.params["ip2"][0].diff, d_ip2.T @ ip, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.params["ip"][0].diff, d_ip.T @ X, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.params["ip"][1].diff, d_ip.sum(axis=0), rtol=1e-4, atol=1e-6)


def test_gradients_of_weights_add_up_until_they_are_cleared(net):
    net.forward()
    net.backward()
    once = net.params["ip"][0].diff.copy()
    net.backward()
    np.testing.assert_allclose(net.params["ip"][0].diff, 2 * once, rtol=1e-5)
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_backward_from_a_diff_that_is_given(net):
    net.forward()
    got = net.backward(["ip"], start="ip2", end="ip2", ip2=np.ones((4, 3)))
    w2 = net.params["ip2"][0].data
    np.testing.assert_allclose(got["ip"], np.tile(w2.sum(axis=0), (4, 1)), rtol=1e-5)
    assert net.params["ip2"][1].diff.tolist() == [4, 4, 4]
    assert not net.params["ip"][0].diff.any()


def test_loss_weight_that_is_written_scales_the_gradient(net):
    net.forward()
    net.backward()
    once = net.params["ip"][0].diff.copy()
    net.clear_param_diffs()
    net.blobs["loss"].diff[...] = 3
    net.backward()
    np.testing.assert_allclose(net.params["ip"][0].diff, 3 * once, rtol=1e-5)


def test_force_backward_gives_the_inputs_diffs():
    net = small("force_backward: true\n" + TEXT)
    net.forward(x=X, label=LABEL)
    got = net.backward()
    assert got["x"].shape == (4, 3) and got["x"].any() and not got["label"].any()


def test_reshape(net):
    net.forward()
    net.blobs["x"].reshape(2, 3)
    net.blobs["label"].reshape(2)
    net.reshape()
    assert net.blobs["ip2"].data.shape == (2, 3)
    net.forward(x=X[:2], label=LABEL[:2])
    np.testing.assert_allclose(net.blobs["ip2"].data, by_hand(net, X[:2])[1], rtol=1e-4, atol=1e-6)
    net.blobs["x"].reshape(4, 3)
    net.blobs["label"].reshape(4)
    net.forward(x=X, label=LABEL)
    np.testing.assert_allclose(net.blobs["ip2"].data, by_hand(net)[1], rtol=1e-4, atol=1e-6)


def test_inputs_of_shapes_that_do_not_fit(net):
    net.blobs["x"].reshape(5, 3)
    assert refused(net.forward) == (
        "net.prototxt:10: layer 'loss' (SoftmaxWithLoss): scores of shape (5, 3) with classes along"
        " axis 1 need 5 labels, as (5,), but the labels have the shape (4,)"
    )
    net.blobs["x"].reshape(4, 7)
    assert refused(net.reshape) == (
        "net.prototxt:5: layer 'ip' (InnerProduct): its weight has the shape (5, 3), but these"
        " inputs need (5, 7)"
    )


def test_only_inputs_are_reshaped(net):
    message = refused(net.blobs["ip"].reshape, 2, 5, error=ValueError)
    assert message == "only input blobs can be reshaped; the other shapes follow from them"


def test_seeds():
    weights = [small(seed=s).params["ip"][0].data for s in (1, 1, 2)]
    assert (weights[0] == weights[1]).all() and (weights[0] != weights[2]).any()


def test_process_wide_seed(monkeypatch):
    monkeypatch.setattr("netdef.mode._chosen.seed", None)
    netdef.set_random_seed(5)
    first = small(seed=None).params["ip"][0].data
    assert (first == small(seed=5).params["ip"][0].data).all()


def test_outputs_only():
    net = small(keep="outputs")
    loss = net.forward(x=X, label=LABEL)["loss"].copy()
    assert loss == small().forward(x=X, label=LABEL)["loss"]
    assert refused(lambda: net.blobs["ip"].data) == (
        "blob 'ip' is not kept by this plan; only outputs are"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n: n.forward(xs=X), "the net has no input 'xs'; did you mean 'x'?"),
        (lambda n: n.forward(ip=X), "the net has no input 'ip'"),
        (
            lambda n: n.forward(x=X[:2]),
            "input 'x' has the shape (4, 3), got (2, 3); reshape the blob first",
        ),
        (lambda n: n.forward(start="ip3"), "the net has no layer 'ip3'; did you mean 'ip'?"),
        (lambda n: n.forward(end="Loss"), "the net has no layer 'Loss'; did you mean 'loss'?"),
        (lambda n: n.forward(["ip9"]), "the net has no blob 'ip9'; did you mean 'ip'?"),
        (lambda n: n.backward(["nix"]), "the net has no blob 'nix'"),
        (lambda n: n.backward(start="nix"), "the net has no layer 'nix'"),
        (lambda n: n.backward(los=1), "the net has no blob 'los'; did you mean 'loss'?"),
        (
            lambda n: n.backward(ip2=np.ones((2, 3))),
            "the diff of 'ip2' has the shape (4, 3), got (2, 3)",
        ),
        (
            lambda n: netdef.Net(parse_net(TEXT, "net.prototxt")),
            "Net needs a phase: netdef.TRAIN or netdef.TEST",
        ),
    ],
)
def test_what_is_refused(net, call, message):
    assert refused(call, net) == message


def test_error_of_a_run_says_which_layer(net):
    net.blobs["label"].data[2] = 7
    assert refused(net.forward, error=DataError) == (
        "net.prototxt:10: layer 'loss' (SoftmaxWithLoss): label 7 (item 2 of the batch) is outside"
        " the 3 classes 0 to 2; correct the label, or the number of outputs below"
    )


def test_pycaffes_three_forms_of_making_a_net(tmp_path, net):
    (tmp_path / "net.prototxt").write_text(TEXT)
    path, weights = str(tmp_path / "net.prototxt"), str(tmp_path / "w.caffemodel")
    net.save(weights)
    for made in (
        netdef.Net(path, weights, netdef.TEST),
        netdef.Net(path, netdef.TEST, weights=weights),
        netdef.Net(path, phase=netdef.TEST, weights=weights),
    ):
        np.testing.assert_array_equal(made.params["ip"][0].data, net.params["ip"][0].data)


@pytest.mark.parametrize("name", ["w.caffemodel", "w.caffemodel.h5"])
def test_weights_come_back(tmp_path, net, name):
    path = str(tmp_path / name)
    net.save(path)
    other = small(seed=2)
    report = other.copy_from(path)
    assert str(report) == "2 layers loaded"
    for layer, params in net.params.items():
        for mine, theirs in zip(params, other.params[layer], strict=True):
            np.testing.assert_array_equal(mine.data, theirs.data)


def test_hdf5_by_name(tmp_path, net):
    path = str(tmp_path / "weights")
    net.save_hdf5(path)
    other = small(seed=2)
    other.load_hdf5(path)
    np.testing.assert_array_equal(other.params["ip"][0].data, net.params["ip"][0].data)


def test_other_layers_keep_their_weights(tmp_path, net):
    path = str(tmp_path / "w.caffemodel")
    net.save(path)
    renamed = small(TEXT.replace('name: "ip2" type', 'name: "fresh" type'), seed=2)
    before = renamed.params["fresh"][0].data.copy()
    report = renamed.copy_from(path)
    assert (report.loaded, report.kept, report.ignored) == (["ip"], ["fresh"], ["ip2"])
    assert str(report) == ("1 layers loaded; 1 not in the file (fresh); 1 not in the net (ip2)")
    np.testing.assert_array_equal(renamed.params["fresh"][0].data, before)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "num_output: 5",
            "num_output: 6",
            "layer 'ip': blob 0 has the shape (5, 3), in the net (6, 3); rename the layer to start"
            " it afresh",
        ),
        (
            "num_output: 3",
            "num_output: 3 bias_term: false",
            "layer 'ip2': has 2 weight blobs, the net's layer of that name 1; rename the layer to"
            " start it afresh",
        ),
    ],
)
@pytest.mark.parametrize("name", ["w.caffemodel", "w.caffemodel.h5"])
def test_weights_that_do_not_fit(tmp_path, net, name, old, new, message):
    path = str(tmp_path / name)
    net.save(path)
    other = small(TEXT.replace(old, new))
    before = other.params["ip"][0].data.copy()
    assert refused(other.copy_from, path, error=WeightsError) == f"{path}: {message}"
    np.testing.assert_array_equal(other.params["ip"][0].data, before)


def test_weights_of_another_net(tmp_path, net):
    path = str(tmp_path / "w.caffemodel")
    net.save(path)
    other = small(TEXT.replace('name: "ip"', 'name: "a"').replace('name: "ip2"', 'name: "b"'))
    assert refused(other.copy_from, path, error=WeightsError) == (
        f"{path}: no layer has the name of one with weights in this net; the file has 'ip', 'ip2',"
        " the net 'a', 'b'"
    )


def test_share_with(net):
    test = small(phase=netdef.TEST, seed=9)
    assert (test.params["ip"][0].data != net.params["ip"][0].data).any()
    test.share_with(net)
    net.params["ip"][0].data[...] = 0.5
    np.testing.assert_array_equal(test.params["ip"][0].data, net.params["ip"][0].data)
    assert test.forward(x=X, label=LABEL)["loss"] == net.forward()["loss"]


def test_sharing_weights_of_other_shapes(net):
    other = small(TEXT.replace("num_output: 5", "num_output: 6"))
    assert refused(other.share_with, net) == (
        "the nets of two phases share layer 'ip', but its weights have the shapes (5, 3) and (6, 3)"
    )


def test_layers_that_share_a_param_have_one_array():
    shared = 'param { name: "w" } param { name: "b" } bottom: "x"'
    text = TEXT.replace('bottom: "x"', shared) + (
        'layer { name: "twin" type: "InnerProduct" top: "t" '
        + shared
        + " inner_product_param { num_output: 5 } }"
    )
    net = small(text)
    net.params["ip"][0].data[...] = 4
    assert (net.params["twin"][0].data == 4).all()


LENET = {
    "v1era_lenet.prototxt": "v1era_lenet_iter_10000.caffemodel",
    "lenet_deploy.prototxt": "lenet_iter_10000.caffemodel",
}


@pytest.mark.parametrize("prototxt", LENET)
@pytest.mark.parametrize("weights", LENET.values())
def test_weights_of_any_age_fit_nets_of_any_age(shared, prototxt, weights):
    folder = shared / "data" / "models" / "lenet"
    net = netdef.Net(str(folder / prototxt), netdef.TEST)
    report = net.copy_from(str(folder / weights))
    assert report.loaded == ["conv1", "conv2", "ip1", "ip2"] and not report.kept
    assert [p.shape for p in net.params["ip1"]] == [(500, 800), (500,)]
    assert all(p.data.any() for params in net.params.values() for p in params)
