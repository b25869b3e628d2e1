"""A netdef graph as a PyTorch module of the same layers and weights."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from netdef.errors import ConfigError
from netdef.graph import Graph, Node
from netdef.infer import Shapes


class TorchNet(nn.Module):
    """Runs a graph layer by layer, and returns its loss: every loss times its weight, added.

    A graph without losses returns the top of its last layer.

    A Scale layer that follows a BatchNorm is part of one ``BatchNorm2d``.

    Raises:
        ConfigError: a layer has no translation.
    """

    def __init__(
        self, graph: Graph, shapes: Shapes, weights: Mapping[str, np.ndarray[Any, Any]]
    ) -> None:
        super().__init__()
        self._modules_in_order = nn.ModuleList()
        self._blobs: list[tuple[tuple[str, ...], str]] = []
        self._losses: dict[str, float] = {}
        scales = _scales_after_batch_norm(graph)
        merged = {scale.name for scale in scales.values()}
        for node in graph.nodes:
            if node.type == "Input" or node.name in merged:
                continue
            scale = scales.get(node.name)
            module = _translation(node)(node, [shapes.blobs[b] for b in node.bottoms])
            _load(module, [node, scale] if scale else [node], shapes, weights)
            top = (scale or node).tops[0]
            self._modules_in_order.append(module)
            self._blobs.append((node.bottoms, top))
            if node.loss_weights[0]:
                self._losses[top] = node.loss_weights[0]

    def forward(self, data: Tensor, label: Tensor | None = None) -> Tensor:
        """Return the weighted sum of all losses, or the last top."""
        blobs: dict[str, Tensor] = {"data": data}
        if label is not None:
            blobs["label"] = label
        for module, (bottoms, top) in zip(self._modules_in_order, self._blobs, strict=True):
            blobs[top] = module(*(blobs[b] for b in bottoms))
        if not self._losses:
            return blobs[self._blobs[-1][1]]
        losses = [weight * blobs[top] for top, weight in self._losses.items()]
        return torch.stack(losses).sum() if len(losses) > 1 else losses[0]


def _scales_after_batch_norm(graph: Graph) -> dict[str, Node]:
    """Return each BatchNorm's Scale layer, by the name of the BatchNorm."""
    norms = {n.tops[0]: n for n in graph.nodes if n.type == "BatchNorm"}
    scales = [n for n in graph.nodes if n.type == "Scale" and n.bottoms[0] in norms]
    return {norms[s.bottoms[0]].name: s for s in scales}


Translation = Callable[[Node, list[Any]], nn.Module]


def _translation(node: Node) -> Translation:
    if node.type not in _TRANSLATIONS:
        raise ConfigError(f"{node}: has no translation to PyTorch in benchmarks/torch_net.py")
    return _TRANSLATIONS[node.type]


def _convolution(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    window = layer.window(2)
    return nn.Conv2d(
        bottoms[0][1],
        layer.num_output,
        window.kernel,
        window.stride,
        window.pad,
        window.dilation,
        layer.group,
        layer.bias_term,
    )


def _inner_product(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    return _Flat(math.prod(bottoms[0][1:]), layer.num_output, layer.bias_term)


class _Flat(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.flatten(1))


def _pooling(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    window = layer.window(bottoms[0][2:])
    kind = nn.MaxPool2d if layer.pool == "MAX" else nn.AvgPool2d
    return kind(window.kernel, window.stride, window.pad, ceil_mode=layer.round_mode != "FLOOR")


def _lrn(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    if layer.norm_region != "ACROSS_CHANNELS":
        raise ConfigError(f"{node}: PyTorch has no normalization within a channel")
    return nn.LocalResponseNorm(layer.local_size, layer.alpha, layer.beta, layer.k)


def _batch_norm(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    return nn.BatchNorm2d(bottoms[0][1], layer.eps, 1 - layer.moving_average_fraction)


def _dropout(node: Node, bottoms: list[Any]) -> nn.Module:
    layer: Any = node.layer
    return nn.Dropout(layer.dropout_ratio)  # in place it would spoil what ReLU kept


def _relu(node: Node, bottoms: list[Any]) -> nn.Module:
    return nn.ReLU(inplace=_is_in_place(node))


def _is_in_place(node: Node) -> bool:
    """True if the top has the bottom's name: a second version of a blob is ``name@layer``."""
    return node.bottoms[0].partition("@")[0] == node.tops[0].partition("@")[0]


class _Concat(nn.Module):
    def forward(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, 1)


class _Sum(nn.Module):
    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        return sum(others, first)


class _SoftmaxLoss(nn.Module):
    def forward(self, scores: Tensor, label: Tensor) -> Tensor:
        return functional.cross_entropy(scores.flatten(1), label)


_TRANSLATIONS: dict[str, Translation] = {
    "Convolution": _convolution,
    "InnerProduct": _inner_product,
    "Pooling": _pooling,
    "LRN": _lrn,
    "BatchNorm": _batch_norm,
    "Dropout": _dropout,
    "ReLU": _relu,
    "Concat": lambda node, bottoms: _Concat(),
    "Eltwise": lambda node, bottoms: _Sum(),
    "SoftmaxWithLoss": lambda node, bottoms: _SoftmaxLoss(),
}


def _load(
    module: nn.Module,
    nodes: list[Node],
    shapes: Shapes,
    weights: Mapping[str, np.ndarray[Any, Any]],
) -> None:
    """Copy the weights of the layers that the module stands for, in their order.

    The statistics of a BatchNorm are copied once it has seen an image.
    """
    params = [p for node in nodes for p in shapes.params[node.name] if p.weight.is_learned]
    with torch.no_grad():
        for goal, param in zip(module.parameters(), params, strict=True):
            goal.copy_(torch.from_numpy(weights[param.owner]))
        if isinstance(module, nn.BatchNorm2d):
            mean, variance, factor = (weights[p.owner] for p in shapes.params[nodes[0].name][:3])
            if factor[0]:
                module.running_mean.copy_(torch.from_numpy(mean / factor))
                module.running_var.copy_(torch.from_numpy(variance / factor))
