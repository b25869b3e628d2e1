"""What is compared: the use of one trained net on netdef, PyTorch or ONNX Runtime."""

from typing import Any

import numpy as np
from contenders import (
    SEED,
    Passes,
    Task,
    batch_of,
    plan_facts,
    pool_megabytes,
    torch_device,
    use_gpu,
)
from inference_nets import fill_statistics, scores_text

from netdef.device import CPU
from netdef.graph import build
from netdef.infer import infer
from netdef.net import Net
from netdef.proto import TEST
from netdef.weights import Weights

Array = np.ndarray[Any, Any]


class NetdefInference:
    """The net on netdef, in the phase TEST; the images lie in its input blob."""

    def __init__(self, task: Task) -> None:
        if task.gpu is not None:
            use_gpu(task.gpu, task.precision)
            self.device_megabytes = pool_megabytes
        self.net = Net(scores_text(task.text()), TEST, keep="outputs", seed=SEED)
        fill_statistics(self.net.graph, lambda layer, i: self.net.params[layer][i].data)
        self.net.blobs["data"].data[...] = batch_of(self.net.graph)[0]
        self.passes: Passes = {"forward": self.net.forward}

    def answer(self) -> Array:
        (scores,) = self.net.forward().values()
        return np.array(scores)

    def about(self) -> dict[str, Any]:
        return plan_facts(self.net.plan)


def torch_net(task: Task) -> tuple[Any, Array]:
    """Return the net of the same weights as a PyTorch module in ``eval`` mode, and images."""
    from torch_net import TorchNet

    graph = build(scores_text(task.text()), TEST)
    shapes = infer(graph)
    weights = Weights(shapes.owners, CPU)
    weights.fill(SEED)
    arrays = {p.key: weights.view(weights.data, p.key) for p in shapes.owners}
    owners = {name: [p.owner for p in params] for name, params in shapes.params.items()}
    fill_statistics(graph, lambda layer, i: arrays[owners[layer][i]])
    return TorchNet(graph, shapes, arrays).eval(), batch_of(graph)[0]


class TorchInference:
    """The net on PyTorch in ``inference_mode``, in one memory format, as it is or compiled.

    Compiled, its weights are frozen: inductor packs them for the processor.
    """

    def __init__(self, task: Task, layout: str, compile_mode: str | None = None) -> None:
        import torch

        device = torch_device(task)
        net, images = torch_net(task)
        order = getattr(torch, layout)
        net = net.to(device, memory_format=order)
        self.images = torch.from_numpy(images).to(device, memory_format=order)
        if compile_mode:
            from torch._inductor import config

            config.freezing = True
            net = torch.compile(net, mode=compile_mode)
        self.net, self._mode = net, torch.inference_mode
        self.passes: Passes = {"forward": self.forward}
        if task.gpu is not None:
            self.device_megabytes = lambda: torch.cuda.max_memory_reserved() / 1e6

    def forward(self) -> Any:
        """Return the scores, on the host."""
        with self._mode():
            return self.net(self.images).cpu()

    def answer(self) -> Array:
        found: Array = self.forward().numpy()
        return found

    def about(self) -> dict[str, Any]:
        return {}


class OnnxRuntime:
    """The net on ONNX Runtime's CPU provider, all its optimizations on."""

    def __init__(self, task: Task, path: str, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        self.name = self.session.get_inputs()[0].name
        self.images = batch_of(build(scores_text(task.text()), TEST))[0]
        self.passes: Passes = {"forward": self.answer}

    def answer(self) -> Array:
        found: Array = self.session.run(None, {self.name: self.images})[0]
        return found

    def about(self) -> dict[str, Any]:
        return {}
