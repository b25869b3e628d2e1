"""GoogLeNet and Inception v3."""

from make_zoo_writer import Pair, ZooWriter

_INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Filters: 1x1; 3x3 after its reduction; 5x5 after its reduction; 1x1 after the pooling."""


def googlenet(net: ZooWriter) -> None:
    """Going deeper with convolutions (Szegedy et al. 2014), layer names as Caffe published it."""
    net.filler = 'type: "xavier"'
    x = _conv_relu(net, "conv1/7x7_s2", net.imagenet(224, 32), 64, kernel=7, stride=2, pad=3)
    x = net.lrn("pool1/norm1", net.pool("pool1/3x3_s2", x, "MAX", kernel=3, stride=2))
    x = _conv_relu(net, "conv2/3x3_reduce", x, 64, kernel=1)
    x = net.lrn("conv2/norm2", _conv_relu(net, "conv2/3x3", x, 192, kernel=3, pad=1))
    x = net.pool("pool2/3x3_s2", x, "MAX", kernel=3, stride=2)
    for name, filters in _INCEPTIONS.items():
        x = _inception(net, f"inception_{name}", x, filters)
        if name in ("3b", "4e"):
            x = net.pool(f"pool{name[0]}/3x3_s2", x, "MAX", kernel=3, stride=2)
        if name in ("4a", "4d") and net.trains:
            _auxiliary_classifier(net, "loss1" if name == "4a" else "loss2", x)
    x = net.dropout("pool5/drop_7x7_s1", net.global_average("pool5/7x7_s1", x), 0.4)
    x = net.inner_product("loss3/classifier", x, 1000)
    net.classify(x, top_5=True, name="loss3/loss3")


def _inception(net: ZooWriter, name: str, x: str, filters: tuple[int, ...]) -> str:
    one, three_reduce, three, five_reduce, five, projected = filters
    narrow = _conv_relu(net, f"{name}/3x3_reduce", x, three_reduce, kernel=1)
    narrower = _conv_relu(net, f"{name}/5x5_reduce", x, five_reduce, kernel=1)
    pooled = net.pool(f"{name}/pool", x, "MAX", kernel=3, stride=1, pad=1)
    branches = [
        _conv_relu(net, f"{name}/1x1", x, one, kernel=1),
        _conv_relu(net, f"{name}/3x3", narrow, three, kernel=3, pad=1),
        _conv_relu(net, f"{name}/5x5", narrower, five, kernel=5, pad=2),
        _conv_relu(net, f"{name}/pool_proj", pooled, projected, kernel=1),
    ]
    return net.concat(f"{name}/output", branches)


def _auxiliary_classifier(net: ZooWriter, name: str, x: str) -> None:
    x = net.pool(f"{name}/ave_pool", x, "AVE", kernel=5, stride=3)
    x = _conv_relu(net, f"{name}/conv", x, 128, kernel=1)
    x = net.relu(f"{name}/relu_fc", net.inner_product(f"{name}/fc", x, 1024))
    x = net.inner_product(f"{name}/classifier", net.dropout(f"{name}/drop_fc", x, 0.7), 1000)
    net.add("SoftmaxWithLoss", f"{name}/loss", [x, "label"], "loss_weight: 0.3")


def _conv_relu(net: ZooWriter, name: str, x: str, filters: int, **window: int) -> str:
    head, _, tail = name.rpartition("/")
    return net.relu(f"{head}/relu_{tail}", net.conv(name, x, filters, **window))


def inception_v3(net: ZooWriter) -> None:
    """Rethinking the Inception architecture (Szegedy et al. 2015), 299x299 pixels, -1 to 1."""
    x = net.imagenet(299, 32, "mean_value: 127.5 scale: 0.0078431373")
    x = _unit(net, "conv_1a", x, 32, 3, stride=2)
    x = _unit(net, "conv_2b", _unit(net, "conv_2a", x, 32, 3), 64, 3, pad=1)
    x = net.pool("pool_3a", x, "MAX", kernel=3, stride=2)
    x = _unit(net, "conv_4a", _unit(net, "conv_3b", x, 80, 1), 192, 3)
    x = net.pool("pool_5a", x, "MAX", kernel=3, stride=2)
    for name, pooled in (("5b", 32), ("5c", 64), ("5d", 64)):
        x = _block_35(net, f"mixed_{name}", x, pooled)
    x = _reduction_17(net, "mixed_6a", x)
    for name, narrow in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        x = _block_17(net, f"mixed_{name}", x, narrow)
    if net.trains:
        _auxiliary_v3(net, x)
    x = _reduction_8(net, "mixed_7a", x)
    for name in ("7b", "7c"):
        x = _block_8(net, f"mixed_{name}", x)
    x = net.dropout("drop", net.global_average("pool", x), 0.5)
    net.classify(net.inner_product("fc", x, 1000), top_5=True)


def _auxiliary_v3(net: ZooWriter, x: str) -> None:
    x = net.pool("aux/pool", x, "AVE", kernel=5, stride=3)
    x = _unit(net, "aux/5x5", _unit(net, "aux/1x1", x, 128, 1), 768, 5)
    x = net.inner_product("aux/fc", x, 1000)
    net.add("SoftmaxWithLoss", "aux/loss", [x, "label"], "loss_weight: 0.4")


def _block_35(net: ZooWriter, name: str, x: str, pooled: int) -> str:
    double = _unit(net, f"{name}/double_reduce", x, 64, 1)
    double = _unit(net, f"{name}/double_1", double, 96, 3, pad=1)
    branches = [
        _unit(net, f"{name}/1x1", x, 64, 1),
        _unit(net, f"{name}/5x5", _unit(net, f"{name}/5x5_reduce", x, 48, 1), 64, 5, pad=2),
        _unit(net, f"{name}/double_2", double, 96, 3, pad=1),
        _pooled(net, name, x, pooled),
    ]
    return net.concat(name, branches)


def _reduction_17(net: ZooWriter, name: str, x: str) -> str:
    double = _unit(net, f"{name}/double_reduce", x, 64, 1)
    double = _unit(net, f"{name}/double_1", double, 96, 3, pad=1)
    branches = [
        _unit(net, f"{name}/3x3", x, 384, 3, stride=2),
        _unit(net, f"{name}/double_2", double, 96, 3, stride=2),
        net.pool(f"{name}/pool", x, "MAX", kernel=3, stride=2),
    ]
    return net.concat(name, branches)


def _block_17(net: ZooWriter, name: str, x: str, narrow: int) -> str:
    y = _unit(net, f"{name}/7_reduce", x, narrow, 1)
    y = _long(net, f"{name}/7_1", y, narrow, (1, 7))
    branches = [_unit(net, f"{name}/1x1", x, 192, 1), _long(net, f"{name}/7_2", y, 192, (7, 1))]
    y = _unit(net, f"{name}/double_reduce", x, narrow, 1)
    for i, kernel in enumerate(((7, 1), (1, 7), (7, 1)), start=1):
        y = _long(net, f"{name}/double_{i}", y, narrow, kernel)
    branches += [_long(net, f"{name}/double_4", y, 192, (1, 7)), _pooled(net, name, x, 192)]
    return net.concat(name, branches)


def _reduction_8(net: ZooWriter, name: str, x: str) -> str:
    y = _unit(net, f"{name}/3x3_reduce", x, 192, 1)
    branches = [_unit(net, f"{name}/3x3", y, 320, 3, stride=2)]
    y = _unit(net, f"{name}/7_reduce", x, 192, 1)
    y = _long(net, f"{name}/7_1", y, 192, (1, 7))
    y = _long(net, f"{name}/7_2", y, 192, (7, 1))
    branches += [_unit(net, f"{name}/7_3", y, 192, 3, stride=2)]
    return net.concat(name, [*branches, net.pool(f"{name}/pool", x, "MAX", kernel=3, stride=2)])


def _block_8(net: ZooWriter, name: str, x: str) -> str:
    branches = [_unit(net, f"{name}/1x1", x, 320, 1)]
    y = _unit(net, f"{name}/3x3_reduce", x, 384, 1)
    branches += _split(net, f"{name}/3x3", y)
    y = _unit(net, f"{name}/double_reduce", x, 448, 1)
    branches += _split(net, f"{name}/double", _unit(net, f"{name}/double_1", y, 384, 3, pad=1))
    return net.concat(name, [*branches, _pooled(net, name, x, 192)])


def _split(net: ZooWriter, name: str, x: str) -> list[str]:
    return [_long(net, f"{name}_{h}x{w}", x, 384, (h, w)) for h, w in ((1, 3), (3, 1))]


def _pooled(net: ZooWriter, name: str, x: str, filters: int) -> str:
    x = net.pool(f"{name}/pool", x, "AVE", kernel=3, stride=1, pad=1)
    return _unit(net, f"{name}/pool_proj", x, filters, 1)


def _long(net: ZooWriter, name: str, x: str, filters: int, kernel: tuple[int, int]) -> str:
    return _unit(net, name, x, filters, kernel, pad=(kernel[0] // 2, kernel[1] // 2))


def _unit(
    net: ZooWriter, name: str, x: str, filters: int, kernel: Pair, stride: int = 1, pad: Pair = 0
) -> str:
    x = net.conv(name, x, filters, kernel=kernel, stride=stride, pad=pad, bias=None)
    x = net.batch_norm(f"{name}/bn", x, scale=f"{name}/scale", eps=1e-3)
    return net.relu(f"{name}/relu", x)
