"""Nets of the zoo that give every pixel a class: FCN, U-Net, SegNet."""

from make_zoo_writer import ZooWriter

_VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def fcn32s(net: ZooWriter) -> None:
    """FCN (Long et al. 2015) on VGG-16, 21 classes, in steps of 32 pixels."""
    score, _ = _fcn(net)
    x = net.upsampling("upscore", score, 21, kernel=64, stride=32)
    _segment(net, _cropped(net, "score", x, "data", 19))


def fcn8s(net: ZooWriter) -> None:
    """FCN (Long et al. 2015) on VGG-16, 21 classes, in steps of 8 pixels."""
    x, (pool3, pool4) = _fcn(net)
    x = net.upsampling("upscore2", x, 21, kernel=4, stride=2)
    near = net.conv("score_pool4", pool4, 21, kernel=1)
    x = net.sum("fuse_pool4", [x, _cropped(net, "score_pool4c", near, x, 5)])
    x = net.upsampling("upscore_pool4", x, 21, kernel=4, stride=2)
    near = net.conv("score_pool3", pool3, 21, kernel=1)
    x = net.sum("fuse_pool3", [x, _cropped(net, "score_pool3c", near, x, 9)])
    x = net.upsampling("upscore8", x, 21, kernel=16, stride=8)
    _segment(net, _cropped(net, "score", x, "data", 31))


def _fcn(net: ZooWriter) -> tuple[str, tuple[str, str]]:
    """Add VGG-16 up to its 21 scores; return them, and what the third and fourth pooling make."""
    x = _photos(net, "voc/voc", 500, 500, 1)
    for stage, (filters, depth) in enumerate(_VGG16, start=1):
        for i in range(1, depth + 1):
            # So much padding lets images of any size pass the 7x7 filters of fc6.
            pad = 100 if (stage, i) == (1, 1) else 1
            x = net.conv(f"conv{stage}_{i}", x, filters, kernel=3, pad=pad)
            x = net.relu(f"relu{stage}_{i}", x)
        x = net.pool(f"pool{stage}", x, "MAX", kernel=2, stride=2)
    for name, kernel in (("6", 7), ("7", 1)):
        x = net.relu(f"relu{name}", net.conv(f"fc{name}", x, 4096, kernel=kernel))
        x = net.dropout(f"drop{name}", x, 0.5)
    return net.conv("score_fr", x, 21, kernel=1), ("pool3", "pool4")


def _photos(net: ZooWriter, source: str, height: int, width: int, batch: int) -> str:
    """Add photos and, for training, their label maps from a database in the same order."""
    if not net.trains:
        return net.input("data", 1, 3, height, width)
    mean = "mean_value: 104 mean_value: 117 mean_value: 123"
    net.data(source, (batch, 1), mean, ("data",))
    net.data(f"{source}_labels", (batch, 1), "", ("label",))
    return "data"


def _cropped(net: ZooWriter, name: str, x: str, reference: str, offset: int) -> str:
    return net.add("Crop", name, [x, reference], f"crop_param {{ axis: 2 offset: {offset} }}")


def _segment(net: ZooWriter, x: str, ignored: int = 255) -> None:
    """End in the loss over pixels whose class is known, or in the scores of each pixel."""
    if net.trains:
        test = "include { phase: TEST }"
        body = f"{test}\naccuracy_param {{ ignore_label: {ignored} }}"
        net.add("Accuracy", "accuracy", [x, "label"], body)
        body = f"loss_param {{ ignore_label: {ignored} }}"
        net.add("SoftmaxWithLoss", "loss", [x, "label"], body)


def unet(net: ZooWriter) -> None:
    """U-Net (Ronneberger et al. 2015): 572x572 grey pixels to 2 classes of 388x388."""
    if net.trains:
        net.data("cells/cells", (1, 1), "scale: 0.00390625", ("data",))
        net.data("cells/cells_labels", (1, 1), "", ("label",))
        x = "data"
    else:
        x = net.input("data", 1, 1, 572, 572)
    passed = []
    for level in range(4):
        x = _twice(net, f"down{level + 1}", x, 64 << level)
        passed.append(x)
        x = net.pool(f"pool{level + 1}", x, "MAX", kernel=2, stride=2)
        # The paper drops out at the end of the contracting path.
    x = net.dropout("drop", _twice(net, "bottom", x, 1024), 0.5)
    for level in reversed(range(4)):
        x = _up(net, f"up{level + 1}", x, 64 << level)
        beside = net.add("Crop", f"crop{level + 1}", [passed[level], x],
                         f"crop_param {{ axis: 2 offset: {_OFFSETS[level]} }}")  # fmt: skip
        x = net.concat(f"concat{level + 1}", [beside, x])
        x = _twice(net, f"wide{level + 1}", x, 64 << level)
    _segment(net, net.conv("score", x, 2, kernel=1))


_OFFSETS = (88, 40, 16, 4)
"""Half of what the unpadded convolutions below each level take from an image's side."""


def _twice(net: ZooWriter, name: str, x: str, filters: int) -> str:
    for i in (1, 2):
        x = net.relu(f"{name}_{i}_relu", net.conv(f"{name}_{i}", x, filters, kernel=3))
    return x


def _up(net: ZooWriter, name: str, x: str, filters: int) -> str:
    words = f"num_output: {filters} kernel_size: 2 stride: 2"
    words += f" weight_filler {{ {net.filler} }}" * net.trains
    specs = "param { lr_mult: 1 decay_mult: 1 }\nparam { lr_mult: 2 decay_mult: 0 }\n"
    body = specs * net.trains + f"convolution_param {{ {words} }}"
    return net.relu(f"{name}_relu", net.add("Deconvolution", name, [x], body))


def segnet(net: ZooWriter) -> None:
    """SegNet (Badrinarayanan et al. 2015): streets of 360x480 pixels, 11 classes."""
    x = _photos(net, "camvid/camvid", 360, 480, 4)
    for stage, (filters, depth) in enumerate(_VGG16, start=1):
        for i in range(1, depth + 1):
            x = _normed(net, f"{stage}_{i}", x, filters)
        tops = (f"pool{stage}", f"pool{stage}_mask")
        x = net.pool(f"pool{stage}", x, "MAX", kernel=2, stride=2, tops=tops)
    sizes = {5: (23, 30), 4: (45, 60), 3: (90, 120), 2: (180, 240), 1: (360, 480)}
    for stage, (h, w) in sizes.items():
        body = f"upsample_param {{ upsample_h: {h} upsample_w: {w} }}"
        x = net.add("Upsample", f"upsample{stage}", [x, f"pool{stage}_mask"], body)
        filters, depth = _VGG16[stage - 1]
        for i in range(depth, 1, -1):
            x = _normed(net, f"{stage}_{i}_D", x, filters)
        if stage > 1:
            x = _normed(net, f"{stage}_1_D", x, _VGG16[stage - 2][0])
    _segment(net, net.conv("conv1_1_D", x, 11, kernel=3, pad=1), ignored=11)


def _normed(net: ZooWriter, n: str, x: str, filters: int) -> str:
    x = net.conv(f"conv{n}", x, filters, kernel=3, pad=1)
    x = net.batch_norm(f"conv{n}_bn", x, scale=f"conv{n}_scale")
    return net.relu(f"relu{n}", x)
