"""A net of the zoo as prototxt, written layer by layer: to train, or to use."""

from collections.abc import Sequence

Pair = int | tuple[int, int]
"""One number for both axes of an image, or its rows and columns."""


class ZooWriter:
    """Collects the layers of one net; each method adds one and returns the name of its top.

    A net that ``trains`` reads databases, has fillers, multipliers and a loss; the other
    takes an Input and ends in what the net is asked for.
    """

    def __init__(self, name: str, *, trains: bool) -> None:
        self.trains = trains
        self.filler = 'type: "msra"'
        self.bias_decay = 0
        self._parts = [f'name: "{name}"\n']

    def __str__(self) -> str:
        return "".join(self._parts)

    def add(
        self,
        kind: str,
        name: str,
        bottoms: Sequence[str],
        body: str = "",
        *,
        tops: Sequence[str] = (),
    ) -> str:
        """Add a layer of any type; its top has its name unless ``tops`` are given."""
        tops = tops or (name,)
        lines = [f'name: "{name}"', f'type: "{kind}"']
        lines += [f'bottom: "{b}"' for b in bottoms] + [f'top: "{t}"' for t in tops]
        lines += body.splitlines()
        self._parts.append("layer {\n" + "".join(f"  {line}\n" for line in lines) + "}\n")
        return tops[0]

    def input(self, name: str, *shape: int) -> str:
        """Add a blob that the user fills."""
        dims = " ".join(f"dim: {d}" for d in shape)
        return self.add("Input", name, [], f"input_param {{ shape {{ {dims} }} }}")

    def data(
        self,
        source: str,
        batches: tuple[int, int],
        transform: str,
        tops: Sequence[str],
        words: str = "",
    ) -> None:
        """Read ``examples/<source>_train_lmdb`` and ``_test_lmdb``; flips are for training."""
        for phase, part, batch in zip(("TRAIN", "TEST"), ("train", "test"), batches, strict=True):
            kept = transform if phase == "TRAIN" else transform.replace("mirror: true ", "")
            body = f"include {{ phase: {phase} }}\n"
            body += f"transform_param {{ {kept} }}\n" if kept else ""
            body += (
                f'data_param {{ source: "examples/{source}_{part}_lmdb" batch_size: {batch}'
                f" backend: LMDB{words} }}"
            )
            self.add("Data", tops[0], [], body, tops=tops)

    def imagenet(self, side: int, batch: int, transform: str = "") -> str:
        """Add ImageNet photos: squares cut out of 256x256 BGR pixels, or of larger ones."""
        if not self.trains:
            return self.input("data", 1, 3, side, side)
        mean = "mean_value: 104 mean_value: 117 mean_value: 123"
        words = f"mirror: true crop_size: {side} {transform or mean}"
        self.data("imagenet/imagenet", (batch, 50), words, ("data", "label"))
        return "data"

    def conv(
        self,
        name: str,
        x: str,
        filters: int,
        *,
        kernel: Pair,
        stride: int = 1,
        pad: Pair = 0,
        group: int = 1,
        dilation: int = 1,
        bias: float | None = 0,
        filler: str = "",
    ) -> str:
        """Add a convolution; ``bias`` is what its biases begin with, None for none."""
        words = [f"num_output: {filters}", *_sides("kernel", kernel)]
        words += [f"stride: {stride}"] * (stride != 1)
        words += _sides("pad", pad) if pad else []
        words += [f"group: {group}"] * (group != 1)
        words += [f"dilation: {dilation}"] * (dilation != 1)
        return self._learned("Convolution", name, x, "convolution_param", words, bias, filler)

    def inner_product(
        self, name: str, x: str, outputs: int, *, bias: float = 0, filler: str = ""
    ) -> str:
        """Add a fully connected layer."""
        words = [f"num_output: {outputs}"]
        return self._learned("InnerProduct", name, x, "inner_product_param", words, bias, filler)

    def upsampling(self, name: str, x: str, channels: int, *, kernel: int, stride: int) -> str:
        """Add a deconvolution that interpolates each channel and is not learned (Long 2015)."""
        words = f"num_output: {channels} group: {channels} kernel_size: {kernel}"
        words += f" stride: {stride} bias_term: false"
        words += ' weight_filler { type: "bilinear" }' * self.trains
        body = "param { lr_mult: 0 }\n" + f"convolution_param {{ {words} }}"
        return self.add("Deconvolution", name, [x], body)

    def _learned(
        self,
        kind: str,
        name: str,
        x: str,
        block: str,
        words: list[str],
        bias: float | None,
        filler: str,
    ) -> str:
        words = [*words, "bias_term: false"] if bias is None else words
        if not self.trains:
            return self.add(kind, name, [x], f"{block} {{ {' '.join(words)} }}")
        specs = ["param { lr_mult: 1 decay_mult: 1 }"]
        specs += [f"param {{ lr_mult: 2 decay_mult: {self.bias_decay} }}"] * (bias is not None)
        inside = [" ".join(words), f"weight_filler {{ {filler or self.filler} }}"]
        inside += [f'bias_filler {{ type: "constant" value: {bias:g} }}'] if bias else []
        body = [*specs, f"{block} {{", *(f"  {line}" for line in inside), "}"]
        return self.add(kind, name, [x], "\n".join(body))

    def batch_norm(self, name: str, x: str, *, scale: str, eps: float = 1e-5, top: str = "") -> str:
        """Add batch normalization, in place unless ``top`` is given, and its scale and shift."""
        top = top or x
        self.add("BatchNorm", name, [x], f"batch_norm_param {{ eps: {eps:g} }}", tops=[top])
        specs = "param { decay_mult: 0 }\nparam { decay_mult: 0 }\n" * self.trains
        return self.add(
            "Scale", scale, [top], specs + "scale_param { bias_term: true }", tops=[top]
        )

    def pool(
        self,
        name: str,
        x: str,
        kind: str,
        *,
        kernel: int,
        stride: int,
        pad: int = 0,
        words: str = "",
        tops: Sequence[str] = (),
    ) -> str:
        """Add pooling, MAX or AVE."""
        body = f"pool: {kind} kernel_size: {kernel} stride: {stride}" + f" pad: {pad}" * bool(pad)
        return self.add("Pooling", name, [x], f"pooling_param {{ {body}{words} }}", tops=tops)

    def global_average(self, name: str, x: str) -> str:
        """Add the mean over each image plane."""
        return self.add("Pooling", name, [x], "pooling_param { pool: AVE global_pooling: true }")

    def relu(self, name: str, x: str) -> str:
        """Add a rectifier in place."""
        return self.add("ReLU", name, [x], tops=[x])

    def dropout(self, name: str, x: str, ratio: float) -> str:
        """Add dropout in place."""
        return self.add(
            "Dropout", name, [x], f"dropout_param {{ dropout_ratio: {ratio} }}", tops=[x]
        )

    def lrn(self, name: str, x: str) -> str:
        """Add AlexNet's response normalization over 5 channels."""
        return self.add("LRN", name, [x], "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")

    def concat(self, name: str, parts: Sequence[str]) -> str:
        """Add a concatenation of channels."""
        return self.add("Concat", name, parts)

    def sum(self, name: str, parts: Sequence[str]) -> str:
        """Add an elementwise sum."""
        return self.add("Eltwise", name, parts, "eltwise_param { operation: SUM }")

    def classify(self, x: str, *, top_5: bool = False, name: str = "loss") -> None:
        """End in the loss and the accuracy of scores, or in their probabilities."""
        if not self.trains:
            self.add("Softmax", "prob", [x])
            return
        test = "include { phase: TEST }"
        self.add("Accuracy", "accuracy", [x, "label"], test)
        if top_5:
            body = f"{test}\naccuracy_param {{ top_k: 5 }}"
            self.add("Accuracy", "accuracy_top_5", [x, "label"], body)
        self.add("SoftmaxWithLoss", name, [x, "label"])


def _sides(what: str, size: Pair) -> list[str]:
    if isinstance(size, int):
        return [f"kernel_size: {size}" if what == "kernel" else f"{what}: {size}"]
    return [f"{what}_h: {size[0]}", f"{what}_w: {size[1]}"]
