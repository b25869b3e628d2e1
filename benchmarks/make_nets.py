"""Write the nets of this folder: ``python benchmarks/make_nets.py``.

Train nets of published architectures on Input layers, so that a benchmark measures the
net and not the reading of images.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from net_writer import NetWriter

NETS = Path(__file__).with_name("nets")


def lenet(net: NetWriter) -> None:
    """LeCun et al. (1998), as Caffe published it: ReLU, linear pooling."""
    x = net.inputs(64, 1, 28)
    x = net.pool("pool1", net.conv("conv1", x, 20, kernel=5), "MAX", kernel=2, stride=2)
    x = net.pool("pool2", net.conv("conv2", x, 50, kernel=5), "MAX", kernel=2, stride=2)
    x = net.relu("relu1", net.inner_product("ip1", x, 500))
    net.loss("loss", net.inner_product("ip2", x, 10))


def cifar10_quick(net: NetWriter) -> None:
    """Krizhevsky's cuda-convnet net for CIFAR-10 (2011), Caffe's quick form."""
    x = net.inputs(100, 3, 32)
    x = net.pool("pool1", net.conv("conv1", x, 32, kernel=5, pad=2), "MAX", kernel=3, stride=2)
    x = net.conv("conv2", net.relu("relu1", x), 32, kernel=5, pad=2)
    x = net.pool("pool2", net.relu("relu2", x), "AVE", kernel=3, stride=2)
    x = net.relu("relu3", net.conv("conv3", x, 64, kernel=5, pad=2))
    x = net.pool("pool3", x, "AVE", kernel=3, stride=2)
    net.loss("loss", net.inner_product("ip2", net.inner_product("ip1", x, 64), 10))


def alexnet(net: NetWriter) -> None:
    """Krizhevsky, Sutskever, Hinton (2012): two groups of filters, LRN, dropout."""
    x = net.inputs(32, 3, 227)
    x = net.relu("relu1", net.conv("conv1", x, 96, kernel=11, stride=4))
    x = net.pool("pool1", net.lrn("norm1", x), "MAX", kernel=3, stride=2)
    x = net.relu("relu2", net.conv("conv2", x, 256, kernel=5, pad=2, group=2))
    x = net.pool("pool2", net.lrn("norm2", x), "MAX", kernel=3, stride=2)
    x = net.relu("relu3", net.conv("conv3", x, 384, kernel=3, pad=1))
    x = net.relu("relu4", net.conv("conv4", x, 384, kernel=3, pad=1, group=2))
    x = net.relu("relu5", net.conv("conv5", x, 256, kernel=3, pad=1, group=2))
    x = net.pool("pool5", x, "MAX", kernel=3, stride=2)
    for n in ("6", "7"):
        x = net.relu(f"relu{n}", net.inner_product(f"fc{n}", x, 4096))
        x = net.dropout(f"drop{n}", x, 0.5)
    net.loss("loss", net.inner_product("fc8", x, 1000))


def squeezenet(net: NetWriter) -> None:
    """Iandola et al. (2016), version 1.1."""
    x = net.inputs(32, 3, 227)
    x = net.relu("relu_conv1", net.conv("conv1", x, 64, kernel=3, stride=2))
    x = net.pool("pool1", x, "MAX", kernel=3, stride=2)
    for n, narrow in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        x = _fire(net, f"fire{n}", x, narrow)
        if n in (3, 5):
            x = net.pool(f"pool{n}", x, "MAX", kernel=3, stride=2)
    x = net.conv("conv10", net.dropout("drop9", x, 0.5), 1000, kernel=1)
    x = net.relu("relu_conv10", x)
    net.loss("loss", net.global_average("pool10", x))


def _fire(net: NetWriter, name: str, x: str, narrow: int) -> str:
    x = net.relu(f"{name}/relu_squeeze1x1", net.conv(f"{name}/squeeze1x1", x, narrow, kernel=1))
    wide = [
        net.relu(
            f"{name}/relu_expand{k}x{k}",
            net.conv(f"{name}/expand{k}x{k}", x, 4 * narrow, kernel=k, pad=k // 2),
        )
        for k in (1, 3)
    ]
    return net.concat(f"{name}/concat", wide)


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


def googlenet(net: NetWriter) -> None:
    """Szegedy et al. (2014), with both auxiliary classifiers, in Caffe's form."""
    x = net.inputs(16, 3, 224)
    x = _conv_relu(net, "conv1/7x7_s2", x, 64, kernel=7, stride=2, pad=3)
    x = net.lrn("pool1/norm1", net.pool("pool1/3x3_s2", x, "MAX", kernel=3, stride=2))
    x = _conv_relu(net, "conv2/3x3_reduce", x, 64, kernel=1)
    x = net.lrn("conv2/norm2", _conv_relu(net, "conv2/3x3", x, 192, kernel=3, pad=1))
    x = net.pool("pool2/3x3_s2", x, "MAX", kernel=3, stride=2)
    for name, filters in _INCEPTIONS.items():
        x = _inception(net, f"inception_{name}", x, filters)
        if name in ("3b", "4e"):
            x = net.pool(f"pool{name[0]}/3x3_s2", x, "MAX", kernel=3, stride=2)
        if name in ("4a", "4d"):
            _auxiliary_classifier(net, "loss1" if name == "4a" else "loss2", x)
    x = net.dropout("pool5/drop_7x7_s1", net.global_average("pool5/7x7_s1", x), 0.4)
    net.loss("loss3/loss3", net.inner_product("loss3/classifier", x, 1000))


def _inception(net: NetWriter, name: str, x: str, filters: tuple[int, ...]) -> str:
    one, three_reduce, three, five_reduce, five, projected = filters
    return net.concat(
        f"{name}/output",
        [
            _conv_relu(net, f"{name}/1x1", x, one, kernel=1),
            _conv_relu(
                net,
                f"{name}/3x3",
                _conv_relu(net, f"{name}/3x3_reduce", x, three_reduce, kernel=1),
                three,
                kernel=3,
                pad=1,
            ),
            _conv_relu(
                net,
                f"{name}/5x5",
                _conv_relu(net, f"{name}/5x5_reduce", x, five_reduce, kernel=1),
                five,
                kernel=5,
                pad=2,
            ),
            _conv_relu(
                net,
                f"{name}/pool_proj",
                net.pool(f"{name}/pool", x, "MAX", kernel=3, stride=1, pad=1),
                projected,
                kernel=1,
            ),
        ],
    )


def _auxiliary_classifier(net: NetWriter, name: str, x: str) -> None:
    x = net.pool(f"{name}/ave_pool", x, "AVE", kernel=5, stride=3)
    x = _conv_relu(net, f"{name}/conv", x, 128, kernel=1)
    x = net.relu(f"{name}/relu_fc", net.inner_product(f"{name}/fc", x, 1024))
    x = net.dropout(f"{name}/drop_fc", x, 0.7)
    net.loss(f"{name}/loss", net.inner_product(f"{name}/classifier", x, 1000), weight=0.3)


def _conv_relu(net: NetWriter, name: str, x: str, filters: int, **window: int) -> str:
    head, _, tail = name.rpartition("/")
    return net.relu(f"{head}/relu_{tail}", net.conv(name, x, filters, **window))


def resnet18(net: NetWriter) -> None:
    """He et al. (2015), 18 layers of two 3x3 convolutions a block."""
    _resnet(net, (2, 2, 2, 2), _two_convolutions)


def resnet50(net: NetWriter) -> None:
    """He et al. (2015), 50 layers of bottlenecks; the stride is in the first 1x1, as published."""
    _resnet(net, (3, 4, 6, 3), _bottleneck)


def _resnet(net: NetWriter, depths: tuple[int, ...], branch: "_Branch") -> None:
    x = net.relu("conv1_relu", _conv_norm(net, "conv1", net.inputs(16, 3, 224), 64, 7, stride=2))
    x = net.pool("pool1", x, "MAX", kernel=3, stride=2)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            name, width = f"res{stage + 2}{'abcdef'[i]}", 64 << stage
            stride = 2 if stage and not i else 1
            y, filters = branch(net, name, x, width, stride)
            if not i and (stage or filters != 64):
                x = _conv_norm(net, f"{name}_branch1", x, filters, 1, stride=stride)
            x = net.relu(f"{name}_relu", net.add(name, [x, y]))
    net.loss("loss", net.inner_product("fc1000", net.global_average("pool5", x), 1000))


_Branch = Callable[[NetWriter, str, str, int, int], tuple[str, int]]


def _two_convolutions(
    net: NetWriter, name: str, x: str, width: int, stride: int
) -> tuple[str, int]:
    x = _conv_norm(net, f"{name}_branch2a", x, width, 3, stride=stride)
    x = net.relu(f"{name}_branch2a_relu", x)
    return _conv_norm(net, f"{name}_branch2b", x, width, 3), width


def _bottleneck(net: NetWriter, name: str, x: str, width: int, stride: int) -> tuple[str, int]:
    x = _conv_norm(net, f"{name}_branch2a", x, width, 1, stride=stride)
    x = _conv_norm(net, f"{name}_branch2b", net.relu(f"{name}_branch2a_relu", x), width, 3)
    x = net.relu(f"{name}_branch2b_relu", x)
    return _conv_norm(net, f"{name}_branch2c", x, 4 * width, 1), 4 * width


def _conv_norm(
    net: NetWriter, name: str, x: str, filters: int, kernel: int, stride: int = 1
) -> str:
    x = net.conv(name, x, filters, kernel=kernel, stride=stride, pad=kernel // 2, bias=False)
    return net.batch_norm(f"{name}_bn", f"{name}_scale", x)


ARCHITECTURES: tuple[Callable[[NetWriter], None], ...] = (
    lenet,
    cifar10_quick,
    alexnet,
    squeezenet,
    googlenet,
    resnet18,
    resnet50,
)


def net_text(architecture: Callable[[NetWriter], None]) -> str:
    """Return the prototxt of one architecture, with a comment that says what it is."""
    net = NetWriter(architecture.__name__)
    architecture(net)
    source = (architecture.__doc__ or "").partition("\n")[0]
    return f"# {source}\n# Written by benchmarks/make_nets.py: change it there.\n\n{net}"


def main() -> None:
    """Write every net."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    NETS.mkdir(exist_ok=True)
    for architecture in ARCHITECTURES:
        path = NETS / f"{architecture.__name__}.prototxt"
        path.write_text(net_text(architecture), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
