"""What is compared: one net on netdef or on PyTorch, each in a process of its own."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from netdef.device import CPU
from netdef.graph import Graph, build
from netdef.infer import infer
from netdef.proto import TRAIN, SolverParameter
from netdef.prototxt import NetText, read_net
from netdef.solvers.solver import Solver
from netdef.weights import Weights

SEED = 1
LEARNING_RATE, MOMENTUM = 1e-4, 0.9
"""Small steps: the same batch comes again and again, and the loss must stay a number."""

Arrays = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Task:
    """A net to run: its prototxt, its batch (0: the prototxt's own) and if it drops out."""

    path: str
    batch: int = 0
    drops_out: bool = True

    def text(self) -> NetText:
        """Read the net, with the batch and the dropout that are asked for."""
        text = read_net(self.path)
        for layer in text.net.layer:
            if layer.type == "Input" and self.batch:
                layer.input_param.shape[0].dim[0] = self.batch
            if layer.type == "Dropout" and not self.drops_out:
                layer.dropout_param.dropout_ratio = 0
        return text


class Contender(Protocol):
    """One net, ready to run on a batch that stays the same."""

    def forward(self) -> float:
        """Run a forward pass of training; return the loss."""

    def train(self) -> None:
        """Run forward, backward and update the weights."""


def batch_of(graph: Graph) -> Arrays:
    """Return random images and labels for the net's inputs ``data`` and ``label``."""
    shapes, random = infer(graph).blobs, np.random.default_rng(SEED)
    images = random.standard_normal(shapes["data"], dtype=np.float32)
    return images, random.integers(0, 10, shapes["label"]).astype(np.float32)


class Netdef:
    """The net on netdef; threads are set by the environment of the process."""

    def __init__(self, task: Task) -> None:
        param = SolverParameter(
            net_param=task.text().net,
            base_lr=LEARNING_RATE,
            momentum=MOMENTUM,
            lr_policy="fixed",
            random_seed=SEED,
        )
        self.solver = Solver(param, task.path, keep="outputs")
        self.net = self.solver.net
        images, labels = batch_of(self.net.graph)
        self.net.blobs["data"].data[...] = images
        self.net.blobs["label"].data[...] = labels

    def forward(self) -> float:
        outputs, weights = self.net.forward(), self.net.loss_weights
        return float(sum(weights[name] * outputs[name] for name in weights))

    def train(self) -> None:
        self.solver.step(1)


class Torch:
    """The net on PyTorch."""

    def __init__(self, task: Task, layout: str) -> None:
        import torch
        from torch_net import TorchNet

        graph = build(task.text(), TRAIN)
        shapes = infer(graph)
        weights = Weights(shapes.owners, CPU)
        weights.fill(SEED)
        arrays = {p.key: weights.view(weights.data, p.key) for p in shapes.owners}
        order = getattr(torch, layout)
        self.net = TorchNet(graph, shapes, arrays).to(memory_format=order)
        images, labels = batch_of(graph)
        self.images = torch.from_numpy(images).to(memory_format=order)
        self.labels = torch.from_numpy(labels).long()
        self.optimizer = torch.optim.SGD(self.net.parameters(), LEARNING_RATE, MOMENTUM)

    def forward(self) -> float:
        return self.net(self.images, self.labels).item()

    def train(self) -> None:
        self.optimizer.zero_grad()
        self.net(self.images, self.labels).backward()
        self.optimizer.step()
