"""Nets of the zoo with ways round their blocks: ResNet, SE-ResNet, DenseNet."""

from collections.abc import Callable

from make_zoo_writer import ZooWriter

_Branch = Callable[[ZooWriter, str, str, int, int], tuple[str, int]]


def resnet18(net: ZooWriter) -> None:
    """Deep residual learning (He et al. 2015), 18 layers, two 3x3 convolutions a block."""
    _resnet(net, (2, 2, 2, 2), _two_convolutions)


def resnet34(net: ZooWriter) -> None:
    """Deep residual learning (He et al. 2015), 34 layers, two 3x3 convolutions a block."""
    _resnet(net, (3, 4, 6, 3), _two_convolutions)


def resnet50(net: ZooWriter) -> None:
    """Deep residual learning (He et al. 2015), 50 layers; strides in the first 1x1."""
    _resnet(net, (3, 4, 6, 3), _bottleneck)


def resnet101(net: ZooWriter) -> None:
    """Deep residual learning (He et al. 2015), 101 layers of bottlenecks."""
    _resnet(net, (3, 4, 23, 3), _bottleneck)


def resnet152(net: ZooWriter) -> None:
    """Deep residual learning (He et al. 2015), 152 layers of bottlenecks."""
    _resnet(net, (3, 8, 36, 3), _bottleneck)


def _resnet(net: ZooWriter, depths: tuple[int, ...], branch: _Branch) -> None:
    x = net.conv("conv1", net.imagenet(224, 32), 64, kernel=7, stride=2, pad=3, bias=None)
    x = net.relu("conv1_relu", net.batch_norm("bn_conv1", x, scale="scale_conv1"))
    x = net.pool("pool1", x, "MAX", kernel=3, stride=2)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            block, width = _block_name(stage + 2, i, depth), 64 << stage
            stride = 2 if stage and not i else 1
            y, filters = branch(net, block, x, width, stride)
            if not i and (stage or filters != 64):
                x = _conv_norm(net, f"{block}_branch1", x, filters, 1, stride)
            x = net.relu(f"res{block}_relu", net.sum(f"res{block}", [x, y]))
    net.classify(net.inner_product("fc1000", net.global_average("pool5", x), 1000), top_5=True)


def _block_name(stage: int, i: int, depth: int) -> str:
    """Return the published name: ``2a``, ``2b`` ..., in long stages ``4a``, ``4b1``, ``4b2`` ..."""
    if depth > 6:
        return f"{stage}b{i}" if i else f"{stage}a"
    return f"{stage}{'abcdef'[i]}"


def _two_convolutions(
    net: ZooWriter, block: str, x: str, width: int, stride: int
) -> tuple[str, int]:
    x = _conv_norm(net, f"{block}_branch2a", x, width, 3, stride)
    x = net.relu(f"res{block}_branch2a_relu", x)
    return _conv_norm(net, f"{block}_branch2b", x, width, 3), width


def _bottleneck(net: ZooWriter, block: str, x: str, width: int, stride: int) -> tuple[str, int]:
    x = _conv_norm(net, f"{block}_branch2a", x, width, 1, stride)
    x = net.relu(f"res{block}_branch2a_relu", x)
    x = _conv_norm(net, f"{block}_branch2b", x, width, 3)
    x = net.relu(f"res{block}_branch2b_relu", x)
    return _conv_norm(net, f"{block}_branch2c", x, 4 * width, 1), 4 * width


def _conv_norm(
    net: ZooWriter, name: str, x: str, filters: int, kernel: int, stride: int = 1
) -> str:
    pad = kernel // 2
    x = net.conv(f"res{name}", x, filters, kernel=kernel, stride=stride, pad=pad, bias=None)
    return net.batch_norm(f"bn{name}", x, scale=f"scale{name}")


def se_resnet50(net: ZooWriter) -> None:
    """Squeeze-and-excitation networks (Hu et al. 2017): ResNet-50 that weighs its channels."""
    x = net.imagenet(224, 32)
    x = _se_conv(net, "conv1/7x7_s2", x, 64, kernel=7, stride=2, pad=3)
    x = net.relu("conv1/relu_7x7_s2", x)
    x = net.pool("pool1/3x3_s2", x, "MAX", kernel=3, stride=2)
    for stage, depth in enumerate((3, 4, 6, 3)):
        for i in range(1, depth + 1):
            stride = 2 if stage and i == 1 else 1
            x = _se_block(net, f"conv{stage + 2}_{i}", x, 64 << stage, stride, i == 1)
    x = net.global_average("pool5/7x7_s1", x)
    net.classify(net.inner_product("classifier", x, 1000), top_5=True)


def _se_block(
    net: ZooWriter, name: str, x: str, width: int, stride: int, is_projected: bool
) -> str:
    filters = 4 * width
    y = _se_conv(net, f"{name}_1x1_reduce", x, width, kernel=1, stride=stride)
    y = net.relu(f"{name}_1x1_reduce/relu", y)
    y = net.relu(f"{name}_3x3/relu", _se_conv(net, f"{name}_3x3", y, width, kernel=3, pad=1))
    y = _se_conv(net, f"{name}_1x1_increase", y, filters, kernel=1)
    a = net.conv(f"{name}_1x1_down", net.global_average(f"{name}_global_pool", y),
                 filters // 16, kernel=1)  # fmt: skip
    a = net.conv(f"{name}_1x1_up", net.relu(f"{name}_1x1_down/relu", a), filters, kernel=1)
    a = net.add("Sigmoid", f"{name}_prob", [a], tops=[a])
    if is_projected:
        x = _se_conv(net, f"{name}_1x1_proj", x, filters, kernel=1, stride=stride)
    return net.relu(f"{name}/relu", net.add("Axpy", name, [a, y, x]))


def _se_conv(net: ZooWriter, name: str, x: str, filters: int, **window: int) -> str:
    x = net.conv(name, x, filters, bias=None, **window)
    return net.batch_norm(f"{name}/bn", x, scale=f"{name}/bn/scale")


def densenet121(net: ZooWriter) -> None:
    """Densely connected networks (Huang et al. 2016), 121 layers, 32 channels more in each."""
    x = net.imagenet(
        224, 32, "mean_value: 103.94 mean_value: 116.78 mean_value: 123.68 scale: 0.017"
    )
    x = net.conv("conv1", x, 64, kernel=7, stride=2, pad=3, bias=None)
    x = net.relu("relu1", net.batch_norm("conv1/bn", x, scale="conv1/scale"))
    x, channels = net.pool("pool1", x, "MAX", kernel=3, stride=2), 64
    for stage, depth in enumerate((6, 12, 24, 16), start=2):
        for i in range(1, depth + 1):
            x = _dense(net, f"{stage}_{i}", x)
        channels += 32 * depth
        name = f"conv{stage}_blk"
        x = net.batch_norm(f"{name}/bn", x, scale=f"{name}/scale", top=f"{name}/bn")
        x = net.relu(f"relu{stage}_blk", x)
        if stage < 5:
            channels //= 2
            x = net.conv(name, x, channels, kernel=1, bias=None)
            x = net.pool(f"pool{stage}", x, "AVE", kernel=2, stride=2)
    net.classify(net.conv("fc6", net.global_average("pool5", x), 1000, kernel=1), top_5=True)


def _dense(net: ZooWriter, n: str, x: str) -> str:
    y = x
    for part, filters, kernel in (("x1", 128, 1), ("x2", 32, 3)):
        name = f"conv{n}/{part}"
        y = net.batch_norm(f"{name}/bn", y, scale=f"{name}/scale", top=f"{name}/bn")
        y = net.relu(f"relu{n}/{part}", y)
        y = net.conv(name, y, filters, kernel=kernel, pad=kernel // 2, bias=None)
    return net.concat(f"concat_{n}", [x, y])
