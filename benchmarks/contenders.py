"""What is compared: the training of one net on netdef or on PyTorch, each in its own process."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from netdef import mode
from netdef.device import CPU
from netdef.engines import settings
from netdef.graph import Graph, build
from netdef.infer import infer
from netdef.plan import Plan
from netdef.proto import TRAIN, SolverParameter
from netdef.prototxt import NetText, read_net
from netdef.solvers.solver import Solver
from netdef.weights import Weights

SEED = 1
LEARNING_RATE, MOMENTUM = 1e-4, 0.9
"""Small steps: the same batch comes again and again, and the loss must stay a number."""

Arrays = tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]
Passes = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Task:
    """A net to run: its prototxt, its batch (0: the prototxt's own), how, and in what numbers.

    ``precision`` is ``f32``, ``bf16`` (netdef's own and PyTorch's autocast) or, on a GPU,
    ``tf32``; ``gpu`` is the number of the GPU that it runs on, None for the CPU.
    """

    path: str
    batch: int = 0
    drops_out: bool = True
    precision: str = "f32"
    gpu: int | None = None

    def text(self) -> NetText:
        """Read the net, with the batch and the dropout that are asked for."""
        text = read_net(self.path)
        for layer in text.net.layer:
            if layer.type == "Input" and self.batch:
                layer.input_param.shape[0].dim[0] = self.batch
            if layer.type == "Dropout" and not self.drops_out:
                layer.dropout_param.dropout_ratio = 0
        return text

    @property
    def images(self) -> int:
        """The images of a batch."""
        return int(self.text().net.layer[0].input_param.shape[0].dim[0])


BURST = 20
"""Runs of a net on a GPU between two looks at the clock."""


@dataclass(frozen=True)
class Burst:
    """Many runs of a pass on a GPU, of which the last is waited for, as in a training.

    ``run`` takes how many.
    """

    run: Callable[[int], object]
    wait: Callable[[], object]
    times: int = BURST

    def __call__(self) -> None:
        self.run(self.times)
        self.wait()


class Contender(Protocol):
    """One net, ready to run on a batch that stays the same."""

    passes: Passes
    """What is timed, by its name; the last one is what counts."""

    def answer(self) -> Any:
        """Run forward; return what the net computes, as a number or an array."""

    def about(self) -> dict[str, Any]:
        """Return what else there is to know."""


def batch_of(graph: Graph) -> Arrays:
    """Return random images and labels for the net's inputs ``data`` and ``label``."""
    shapes, random = infer(graph).blobs, np.random.default_rng(SEED)
    images = random.standard_normal(shapes["data"], dtype=np.float32)
    count = len(images)
    return images, random.integers(0, 10, shapes.get("label", (count,))).astype(np.float32)


def solver_of(text: NetText, precision: str = "f32") -> Solver:
    """Return netdef's solver of a net, a batch of random images filled in.

    Raises:
        ConfigError: this processor does not compute in that precision.
    """
    param = SolverParameter(
        net_param=text.net,
        base_lr=LEARNING_RATE,
        momentum=MOMENTUM,
        lr_policy="fixed",
        random_seed=SEED,
        precision=precision.upper(),
    )
    solver = Solver(param, text.path, keep="outputs")
    for name, array in zip(("data", "label"), batch_of(solver.net.graph), strict=True):
        if name in solver.net.inputs:
            solver.net.blobs[name].data[...] = array
    return solver


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan's MB, as ``netdef show --stage plan`` sums them, and its calls by engine."""
    size = plan.arena_bytes + plan.scratch_bytes + 2 * plan.weight_bytes
    return {"plan_mb": size / 1e6, "engines": dict(Counter(c.engine.name for c in plan.choices))}


def use_gpu(number: int, precision: str) -> None:
    """Make the nets of this process run on a GPU, with or without rounding to TF32.

    Raises:
        DeviceError: it is not there.
    """
    mode.set_device(number)
    mode.set_mode_gpu()
    settings.chosen.tf32 = precision == "tf32"


def pool_megabytes() -> float:
    """Return what this process holds of a GPU's memory for arrays, in MB of 10^6 bytes."""
    import cupy

    return float(cupy.get_default_memory_pool().total_bytes()) / 1e6


class Netdef:
    """The net on netdef; threads are set by the environment of the process."""

    def __init__(self, task: Task) -> None:
        if task.gpu is not None:
            use_gpu(task.gpu, task.precision)
        numbers = "f32" if task.precision == "tf32" else task.precision
        self.solver = solver_of(task.text(), numbers)
        self.net = self.solver.net
        self.passes: Passes = {"forward": self.answer, "train": lambda: self.solver.step(1)}
        if task.gpu is not None:
            self.passes = {"train": Burst(self.solver.step, self.net.device.wait)}
            self.device_megabytes = pool_megabytes

    def answer(self) -> float:
        outputs, weights = self.net.forward(), self.net.loss_weights
        return float(sum(weights[name] * outputs[name] for name in weights))

    def about(self) -> dict[str, Any]:
        return plan_facts(self.net.plan)


def torch_device(task: Task) -> Any:
    """Return PyTorch's device, told to search for the fastest kernels and how to round."""
    import torch

    if task.gpu is None:
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = task.precision != "f32"
    torch.set_float32_matmul_precision("highest" if task.precision == "f32" else "high")
    return torch.device("cuda", task.gpu)


class Torch:
    """The net on PyTorch, in one memory format, as it is or compiled in one of the modes."""

    def __init__(self, task: Task, layout: str, compile_mode: str | None = None) -> None:
        import torch
        from torch_net import TorchNet

        graph = build(task.text(), TRAIN)
        shapes = infer(graph)
        weights = Weights(shapes.owners, CPU)
        weights.fill(SEED)
        arrays = {p.key: weights.view(weights.data, p.key) for p in shapes.owners}
        device = torch_device(task)
        order = getattr(torch, layout)
        net = TorchNet(graph, shapes, arrays).to(device, memory_format=order)
        images, labels = batch_of(graph)
        self.images = torch.from_numpy(images).to(device, memory_format=order)
        self.labels = torch.from_numpy(labels).long().to(device)
        self.optimizer = torch.optim.SGD(
            net.parameters(), LEARNING_RATE, MOMENTUM, fused=device.type == "cuda" or None
        )
        self.net = torch.compile(net, mode=compile_mode) if compile_mode else net
        is_bf16 = task.precision == "bf16"
        self._autocast = lambda: torch.autocast(device.type, torch.bfloat16, enabled=is_bf16)
        self.passes: Passes = {"forward": self.answer, "train": self.train}
        if task.gpu is not None:
            self.passes = {"train": Burst(self.train_often, torch.cuda.synchronize)}
            self.device_megabytes = lambda: torch.cuda.max_memory_reserved() / 1e6

    def answer(self) -> float:
        with self._autocast():
            return float(self.net(self.images, self.labels).item())

    def train(self) -> None:
        """Run forward and backward and update the weights."""
        self.optimizer.zero_grad()
        with self._autocast():
            loss = self.net(self.images, self.labels)
        loss.backward()
        self.optimizer.step()

    def train_often(self, times: int) -> None:
        """Train for so many steps, as a loop does."""
        for _ in range(times):
            self.train()

    def about(self) -> dict[str, Any]:
        return {}
