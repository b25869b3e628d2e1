"""Nets of the zoo for digits and for images of 32x32 pixels."""

from make_zoo_writer import ZooWriter


def lenet(net: ZooWriter) -> None:
    """LeNet for digits (LeCun et al. 1998), as Caffe published it: ReLU, max pooling."""
    net.filler, net.bias_decay = 'type: "xavier"', 1
    if net.trains:
        net.data("mnist/mnist", (64, 100), "scale: 0.00390625", ("data", "label"))
    else:
        net.input("data", 1, 1, 28, 28)
    x = net.pool("pool1", net.conv("conv1", "data", 20, kernel=5), "MAX", kernel=2, stride=2)
    x = net.pool("pool2", net.conv("conv2", x, 50, kernel=5), "MAX", kernel=2, stride=2)
    x = net.relu("relu1", net.inner_product("ip1", x, 500))
    net.classify(net.inner_product("ip2", x, 10))


def _cifar10(net: ZooWriter) -> None:
    net.bias_decay = 1
    if net.trains:
        mean = 'mean_file: "examples/cifar10/mean.binaryproto"'
        net.data("cifar10/cifar10", (100, 100), mean, ("data", "label"))
    else:
        net.input("data", 1, 3, 32, 32)


def cifar10_quick(net: ZooWriter) -> None:
    """Krizhevsky's cuda-convnet net for CIFAR-10 (2011), Caffe's quick form; takes RGB."""
    _cifar10(net)
    wide, narrow = 'type: "gaussian" std: 0.01', 'type: "gaussian" std: 0.0001'
    x = net.conv("conv1", "data", 32, kernel=5, pad=2, filler=narrow)
    x = net.relu("relu1", net.pool("pool1", x, "MAX", kernel=3, stride=2))
    x = net.relu("relu2", net.conv("conv2", x, 32, kernel=5, pad=2, filler=wide))
    x = net.pool("pool2", x, "AVE", kernel=3, stride=2)
    x = net.relu("relu3", net.conv("conv3", x, 64, kernel=5, pad=2, filler=wide))
    x = net.pool("pool3", x, "AVE", kernel=3, stride=2)
    net.filler = 'type: "gaussian" std: 0.1'
    net.classify(net.inner_product("ip2", net.inner_product("ip1", x, 64), 10))


def cifar10_full(net: ZooWriter) -> None:
    """Krizhevsky's net for CIFAR-10 (2011) with response normalization within channels; RGB."""
    _cifar10(net)
    norm = "lrn_param { local_size: 3 alpha: 5e-05 beta: 0.75 norm_region: WITHIN_CHANNEL }"
    net.filler = 'type: "gaussian" std: 0.01'
    x = net.conv("conv1", "data", 32, kernel=5, pad=2, filler='type: "gaussian" std: 0.0001')
    x = net.relu("relu1", net.pool("pool1", x, "MAX", kernel=3, stride=2))
    x = net.add("LRN", "norm1", [x], norm)
    x = net.relu("relu2", net.conv("conv2", x, 32, kernel=5, pad=2))
    x = net.add("LRN", "norm2", [net.pool("pool2", x, "AVE", kernel=3, stride=2)], norm)
    filler = f" weight_filler {{ {net.filler} }}" * net.trains
    # Caffe gave the biases of this layer no rate of their own.
    body = f"convolution_param {{ num_output: 64 kernel_size: 5 pad: 2{filler} }}"
    x = net.relu("relu3", net.add("Convolution", "conv3", [x], body))
    x = net.pool("pool3", x, "AVE", kernel=3, stride=2)
    specs = "param { lr_mult: 1 decay_mult: 250 }\nparam { lr_mult: 2 decay_mult: 0 }\n"
    body = specs * net.trains + f"inner_product_param {{ num_output: 10{filler} }}"
    net.classify(net.add("InnerProduct", "ip1", [x], body))


def siamese_mnist(net: ZooWriter) -> None:
    """Twin LeNets that put like digits near each other in a plane (Hadsell et al. 2006)."""
    net.filler = 'type: "xavier"'
    if not net.trains:
        _twin(net, net.input("data", 1, 1, 28, 28), "")
        return
    scale = "scale: 0.00390625"
    net.data("mnist/mnist", (64, 100), scale, ("data", "label"))
    # The partner of an image is another one of the database, as far behind it as chance wills.
    net.data("mnist/mnist", (64, 100), scale, ("data_p", "label_p"), " rand_skip: 5000")
    body = "eltwise_param { operation: SUM coeff: 1 coeff: -1 }"
    x = net.add("Eltwise", "difference", ["label", "label_p"], body)
    x = net.add("Threshold", "differs", [net.add("AbsVal", "distance", [x])])
    x = net.add("Power", "similar", [x], "power_param { scale: -1 shift: 1 }")
    feats = [_twin(net, "data", ""), _twin(net, "data_p", "_p")]
    net.add("ContrastiveLoss", "loss", [*feats, x], "contrastive_loss_param { margin: 1 }")


def _twin(net: ZooWriter, x: str, suffix: str) -> str:
    """Add one twin; its weights have the same names as the other's, so they are shared."""

    def shared(kind: str, name: str, x: str, words: str) -> str:
        block = {"Convolution": "convolution_param", "InnerProduct": "inner_product_param"}[kind]
        specs = (
            f'param {{ name: "{name}_w" lr_mult: 1 }}\nparam {{ name: "{name}_b" lr_mult: 2 }}\n'
        )
        filler = f" weight_filler {{ {net.filler} }}"
        body = f"{block} {{ {words}{filler * net.trains} }}"
        return net.add(kind, name + suffix, [x], specs * net.trains + body)

    x = shared("Convolution", "conv1", x, "num_output: 20 kernel_size: 5")
    x = net.pool("pool1" + suffix, x, "MAX", kernel=2, stride=2)
    x = shared("Convolution", "conv2", x, "num_output: 50 kernel_size: 5")
    x = net.pool("pool2" + suffix, x, "MAX", kernel=2, stride=2)
    x = net.relu("relu1" + suffix, shared("InnerProduct", "ip1", x, "num_output: 500"))
    return shared("InnerProduct", "feat", shared("InnerProduct", "ip2", x, "num_output: 10"),
                  "num_output: 2")  # fmt: skip


def autoencoder_mnist(net: ZooWriter) -> None:
    """Hinton and Salakhutdinov (2006): digits through 30 numbers and back, with sigmoids."""
    net.filler = 'type: "gaussian" std: 1 sparse: 15'
    if net.trains:
        net.data("mnist/mnist", (100, 100), "scale: 0.0039215684", ("data",))
        target = net.add("Flatten", "flatdata", ["data"])
    else:
        target = net.add("Flatten", "flatdata", [net.input("data", 1, 1, 28, 28)])
    x = target
    for i, width in enumerate((1000, 500, 250), start=1):
        x = net.add("Sigmoid", f"encode{i}neuron", [net.inner_product(f"encode{i}", x, width)])
    x = net.inner_product("encode4", x, 30)
    for i, width in zip((4, 3, 2), (250, 500, 1000), strict=True):
        x = net.add("Sigmoid", f"decode{i}neuron", [net.inner_product(f"decode{i}", x, width)])
    x = net.inner_product("decode1", x, 784)
    decoded = net.add("Sigmoid", "decode1neuron", [x])
    if net.trains:
        net.add("SigmoidCrossEntropyLoss", "cross_entropy_loss", [x, target], "loss_weight: 1")
        net.add("EuclideanLoss", "l2_error", [decoded, target], "loss_weight: 0")
