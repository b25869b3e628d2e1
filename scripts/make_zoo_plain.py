"""Nets of the zoo that are one chain of layers, and SqueezeNet."""

from make_zoo_writer import ZooWriter

_SMALL, _FC = 'type: "gaussian" std: 0.01', 'type: "gaussian" std: 0.005'


def alexnet(net: ZooWriter) -> None:
    """Krizhevsky, Sutskever, Hinton (2012): two groups of filters, LRN, dropout."""
    _alexnet(net, pools_first=False)


def caffenet(net: ZooWriter) -> None:
    """AlexNet with pooling before normalization, as Caffe published it (Jia et al. 2014)."""
    _alexnet(net, pools_first=True)


def _alexnet(net: ZooWriter, pools_first: bool) -> None:
    net.filler, ones = _SMALL, 1.0 if pools_first else 0.1
    x = net.relu("relu1", net.conv("conv1", net.imagenet(227, 256), 96, kernel=11, stride=4))
    x = _shrunk(net, "1", x, pools_first)
    x = net.relu("relu2", net.conv("conv2", x, 256, kernel=5, pad=2, group=2, bias=ones))
    x = _shrunk(net, "2", x, pools_first)
    x = net.relu("relu3", net.conv("conv3", x, 384, kernel=3, pad=1))
    x = net.relu("relu4", net.conv("conv4", x, 384, kernel=3, pad=1, group=2, bias=ones))
    x = net.relu("relu5", net.conv("conv5", x, 256, kernel=3, pad=1, group=2, bias=ones))
    x = net.pool("pool5", x, "MAX", kernel=3, stride=2)
    for n in ("6", "7"):
        x = net.relu(f"relu{n}", net.inner_product(f"fc{n}", x, 4096, bias=ones, filler=_FC))
        x = net.dropout(f"drop{n}", x, 0.5)
    net.classify(net.inner_product("fc8", x, 1000), top_5=True)


def _shrunk(net: ZooWriter, n: str, x: str, pools_first: bool) -> str:
    if pools_first:
        return net.lrn(f"norm{n}", net.pool(f"pool{n}", x, "MAX", kernel=3, stride=2))
    return net.pool(f"pool{n}", net.lrn(f"norm{n}", x), "MAX", kernel=3, stride=2)


def vgg16(net: ZooWriter) -> None:
    """Simonyan and Zisserman (2014), configuration D: 16 layers of 3x3 filters."""
    _vgg(net, (2, 2, 3, 3, 3))


def vgg19(net: ZooWriter) -> None:
    """Simonyan and Zisserman (2014), configuration E: 19 layers of 3x3 filters."""
    _vgg(net, (2, 2, 4, 4, 4))


def _vgg(net: ZooWriter, depths: tuple[int, ...]) -> None:
    x = net.imagenet(224, 64)
    for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), 1):
        for i in range(1, depth + 1):
            x = net.conv(f"conv{stage}_{i}", x, filters, kernel=3, pad=1)
            x = net.relu(f"relu{stage}_{i}", x)
        x = net.pool(f"pool{stage}", x, "MAX", kernel=2, stride=2)
    for n in ("6", "7"):
        x = net.relu(f"relu{n}", net.inner_product(f"fc{n}", x, 4096, filler=_FC))
        x = net.dropout(f"drop{n}", x, 0.5)
    net.classify(net.inner_product("fc8", x, 1000, filler=_SMALL), top_5=True)


def nin(net: ZooWriter) -> None:
    """Network in network (Lin et al. 2013), for ImageNet: 1x1 filters, no inner product."""
    net.filler = _SMALL
    x = _mlp(net, net.imagenet(224, 64), ("conv1", "cccp1", "cccp2"), 96, kernel=11, stride=4)
    x = net.pool("pool0", x, "MAX", kernel=3, stride=2)
    x = _mlp(net, x, ("conv2", "cccp3", "cccp4"), 256, kernel=5, pad=2)
    x = net.pool("pool2", x, "MAX", kernel=3, stride=2)
    x = _mlp(net, x, ("conv3", "cccp5", "cccp6"), 384, kernel=3, pad=1)
    x = net.dropout("drop", net.pool("pool3", x, "MAX", kernel=3, stride=2), 0.5)
    x = _mlp(net, x, ("conv4-1024", "cccp7-1024"), 1024, kernel=3, pad=1)
    x = net.relu("relu_cccp8-1024", net.conv("cccp8-1024", x, 1000, kernel=1))
    net.classify(net.global_average("pool4", x), top_5=True)


def _mlp(net: ZooWriter, x: str, names: tuple[str, ...], filters: int, **window: int) -> str:
    for name in names:
        x = net.relu(f"relu_{name}", net.conv(name, x, filters, **window))
        window = {"kernel": 1}
    return x


def squeezenet_v1_0(net: ZooWriter) -> None:
    """SqueezeNet (Iandola et al. 2016), version 1.0."""
    _squeezenet(net, filters=96, kernel=7, pooled_after=(4, 8), batch=32)


def squeezenet_v1_1(net: ZooWriter) -> None:
    """SqueezeNet (Iandola et al. 2016), version 1.1: 2.4 times less work than 1.0."""
    _squeezenet(net, filters=64, kernel=3, pooled_after=(3, 5), batch=32)


def _squeezenet(
    net: ZooWriter, filters: int, kernel: int, pooled_after: tuple[int, int], batch: int
) -> None:
    net.filler = 'type: "xavier"'
    x = net.conv("conv1", net.imagenet(227, batch), filters, kernel=kernel, stride=2)
    x = net.pool("pool1", net.relu("relu_conv1", x), "MAX", kernel=3, stride=2)
    for n, narrow in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        x = _fire(net, f"fire{n}", x, narrow)
        if n in pooled_after:
            x = net.pool(f"pool{n}", x, "MAX", kernel=3, stride=2)
    last = 'type: "gaussian" std: 0.01'
    x = net.conv("conv10", net.dropout("drop9", x, 0.5), 1000, kernel=1, filler=last)
    net.classify(net.global_average("pool10", net.relu("relu_conv10", x)), top_5=True)


def _fire(net: ZooWriter, name: str, x: str, narrow: int) -> str:
    x = net.relu(f"{name}/relu_squeeze1x1", net.conv(f"{name}/squeeze1x1", x, narrow, kernel=1))
    wide = []
    for k in (1, 3):
        y = net.conv(f"{name}/expand{k}x{k}", x, 4 * narrow, kernel=k, pad=k // 2)
        wide.append(net.relu(f"{name}/relu_expand{k}x{k}", y))
    return net.concat(f"{name}/concat", wide)
