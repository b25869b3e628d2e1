"""Nets of the zoo for small machines: MobileNet and ShuffleNet."""

from make_zoo_writer import ZooWriter

_MOBILE = "mean_value: 103.94 mean_value: 116.78 mean_value: 123.68 scale: 0.017"
_SEPARABLE = [
    ("2_1", 64, 1), ("2_2", 128, 2), ("3_1", 128, 1), ("3_2", 256, 2), ("4_1", 256, 1),
    ("4_2", 512, 2), *((f"5_{i}", 512, 1) for i in range(1, 6)), ("5_6", 1024, 2), ("6", 1024, 1),
]  # fmt: skip
"""Name, filters and stride of each pair of a depthwise and a 1x1 convolution."""
_INVERTED = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""Table 2 of the paper: expansion, filters, repeats, stride of the first."""


def mobilenet_v1(net: ZooWriter) -> None:
    """MobileNets (Howard et al. 2017), width 1: depthwise and 1x1 convolutions in turn."""
    x = _unit(net, "conv1", net.imagenet(224, 64, _MOBILE), 32, kernel=3, stride=2, pad=1)
    channels = 32
    for n, filters, stride in _SEPARABLE:
        x = _unit(net, f"conv{n}/dw", x, channels, kernel=3, stride=stride, pad=1, group=channels)
        x = _unit(net, f"conv{n}/sep", x, filters, kernel=1)
        channels = filters
    net.classify(net.conv("fc7", net.global_average("pool6", x), 1000, kernel=1), top_5=True)


def _unit(net: ZooWriter, name: str, x: str, filters: int, **window: int) -> str:
    x = net.conv(name, x, filters, bias=None, **window)
    x = net.batch_norm(f"{name}/bn", x, scale=f"{name}/scale")
    return net.relu(f"relu{name.removeprefix('conv')}", x)


def mobilenet_v2(net: ZooWriter) -> None:
    """Inverted residuals and linear bottlenecks (Sandler et al. 2018), width 1."""
    mean = "mean_value: 103.53 mean_value: 116.28 mean_value: 123.675"
    x = _clipped(net, "conv1", net.imagenet(224, 64, mean), 32, kernel=3, stride=2, pad=1)
    channels, n = 32, 0
    for expansion, filters, repeats, first in _INVERTED:
        for i in range(repeats):
            n, stride = n + 1, 1 if i else first
            y = _inverted(net, f"block{n}", x, channels, expansion * channels, filters, stride)
            x = net.sum(f"block{n}/add", [x, y]) if i else y
            channels = filters
    x = net.global_average("pool", _clipped(net, "conv_last", x, 1280, kernel=1))
    net.classify(net.inner_product("fc", x, 1000), top_5=True)


def _inverted(
    net: ZooWriter, name: str, x: str, channels: int, wide: int, filters: int, stride: int
) -> str:
    if wide != channels:
        x = _clipped(net, f"{name}/expand", x, wide, kernel=1)
    x = _clipped(net, f"{name}/dwise", x, wide, kernel=3, stride=stride, pad=1, group=wide)
    x = net.conv(f"{name}/project", x, filters, kernel=1, bias=None)
    return net.batch_norm(f"{name}/project/bn", x, scale=f"{name}/project/scale")


def _clipped(net: ZooWriter, name: str, x: str, filters: int, **window: int) -> str:
    x = net.conv(name, x, filters, bias=None, **window)
    x = net.batch_norm(f"{name}/bn", x, scale=f"{name}/scale")
    return net.add("Clip", f"{name}/relu6", [x], "clip_param { min: 0 max: 6 }", tops=[x])


def shufflenet(net: ZooWriter) -> None:
    """ShuffleNet (Zhang et al. 2017), width 1, three groups that are shuffled."""
    x = net.imagenet(224, 64, _MOBILE)
    x = _unit(net, "conv1", x, 24, kernel=3, stride=2, pad=1)
    x, channels = net.pool("pool1", x, "MAX", kernel=3, stride=2), 24
    for stage, (units, filters) in enumerate(((4, 240), (8, 480), (4, 960)), start=2):
        for i in range(units):
            x = _shuffled(net, f"stage{stage}_{i + 1}", x, channels, filters, 1 if i else 2)
            channels = filters
    net.classify(net.inner_product("fc", net.global_average("pool5", x), 1000), top_5=True)


def _shuffled(net: ZooWriter, name: str, x: str, channels: int, filters: int, stride: int) -> str:
    narrow, group = filters // 4, 1 if channels == 24 else 3
    added = filters - channels if stride == 2 else filters
    y = _norm_conv(net, f"{name}/reduce", x, narrow, kernel=1, group=group)
    y = net.relu(f"{name}/reduce/relu", y)
    body = "shuffle_channel_param { group: 3 }"
    y = net.add("ShuffleChannel", f"{name}/shuffle", [y], body)
    y = _norm_conv(net, f"{name}/dw", y, narrow, kernel=3, stride=stride, pad=1, group=narrow)
    y = _norm_conv(net, f"{name}/expand", y, added, kernel=1, group=3)
    if stride == 1:
        return net.relu(f"{name}/relu", net.sum(name, [x, y]))
    words = " round_mode: FLOOR"
    x = net.pool(f"{name}/pool", x, "AVE", kernel=3, stride=2, pad=1, words=words)
    return net.relu(f"{name}/relu", net.concat(name, [x, y]))


def _norm_conv(net: ZooWriter, name: str, x: str, filters: int, **window: int) -> str:
    x = net.conv(name, x, filters, bias=None, **window)
    return net.batch_norm(f"{name}/bn", x, scale=f"{name}/scale")
