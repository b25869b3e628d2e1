"""A net as prototxt text, written layer by layer."""

from collections.abc import Sequence

_LEARNED = "  param { lr_mult: 1 decay_mult: 1 }\n"
_BIAS = "  param { lr_mult: 2 decay_mult: 0 }\n"
_MSRA = 'weight_filler { type: "msra" }'


class NetWriter:
    """Collects layers; each method adds one and returns the name of its top."""

    def __init__(self, name: str) -> None:
        self._parts = [f'name: "{name}"\n']

    def __str__(self) -> str:
        return "".join(self._parts)

    def inputs(self, batch: int, channels: int, side: int) -> str:
        """Add square images ``data`` and one ``label`` each."""
        image = f"shape {{ dim: {batch} dim: {channels} dim: {side} dim: {side} }}"
        self._add("Input", "data", [], ["data"], f"  input_param {{ {image} }}\n")
        label = f"  input_param {{ shape {{ dim: {batch} }} }}\n"
        self._add("Input", "label", [], ["label"], label)
        return "data"

    def conv(
        self,
        name: str,
        x: str,
        filters: int,
        *,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
        group: int = 1,
        bias: bool = True,
    ) -> str:
        """Add a convolution."""
        window = {"kernel_size": kernel, "stride": stride, "pad": pad, "group": group}
        usual = {"stride": 1, "pad": 0, "group": 1}
        words = [f"{key}: {v}" for key, v in window.items() if usual.get(key) != v]
        words += [_MSRA] if bias else [_MSRA, "bias_term: false"]
        body = f"  convolution_param {{ num_output: {filters} {' '.join(words)} }}\n"
        return self._add("Convolution", name, [x], [name], _LEARNED + _BIAS * bias + body)

    def inner_product(self, name: str, x: str, outputs: int) -> str:
        """Add a fully connected layer."""
        body = f"  inner_product_param {{ num_output: {outputs} {_MSRA} }}\n"
        return self._add("InnerProduct", name, [x], [name], _LEARNED + _BIAS + body)

    def pool(self, name: str, x: str, kind: str, *, kernel: int, stride: int, pad: int = 0) -> str:
        """Add pooling, MAX or AVE."""
        words = f"pool: {kind} kernel_size: {kernel} stride: {stride}" + f" pad: {pad}" * bool(pad)
        return self._add("Pooling", name, [x], [name], f"  pooling_param {{ {words} }}\n")

    def global_average(self, name: str, x: str) -> str:
        """Add the mean over each image plane."""
        body = "  pooling_param { pool: AVE global_pooling: true }\n"
        return self._add("Pooling", name, [x], [name], body)

    def relu(self, name: str, x: str) -> str:
        """Add a rectifier in place."""
        return self._add("ReLU", name, [x], [x])

    def dropout(self, name: str, x: str, ratio: float) -> str:
        """Add dropout in place."""
        body = f"  dropout_param {{ dropout_ratio: {ratio} }}\n"
        return self._add("Dropout", name, [x], [x], body)

    def lrn(self, name: str, x: str) -> str:
        """Add AlexNet's response normalization over 5 channels."""
        body = "  lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }\n"
        return self._add("LRN", name, [x], [name], body)

    def batch_norm(self, name: str, scale_name: str, x: str) -> str:
        """Add batch normalization and its scale and shift, both in place."""
        self._add("BatchNorm", name, [x], [x])
        return self._add("Scale", scale_name, [x], [x], "  scale_param { bias_term: true }\n")

    def concat(self, name: str, parts: Sequence[str]) -> str:
        """Add a concatenation of channels."""
        return self._add("Concat", name, parts, [name])

    def add(self, name: str, parts: Sequence[str]) -> str:
        """Add an elementwise sum."""
        return self._add("Eltwise", name, parts, [name], "  eltwise_param { operation: SUM }\n")

    def loss(self, name: str, scores: str, weight: float = 1) -> str:
        """Add softmax with its loss against ``label``."""
        body = f"  loss_weight: {weight:g}\n" if weight != 1 else ""
        return self._add("SoftmaxWithLoss", name, [scores, "label"], [name], body)

    def _add(
        self, kind: str, name: str, bottoms: Sequence[str], tops: Sequence[str], body: str = ""
    ) -> str:
        blobs = "".join(f'  bottom: "{b}"\n' for b in bottoms)
        blobs += "".join(f'  top: "{t}"\n' for t in tops)
        self._parts.append(f'layer {{\n  name: "{name}"\n  type: "{kind}"\n{blobs}{body}}}\n')
        return tops[0]
