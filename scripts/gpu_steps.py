"""The steps of ``check_gpu.py``: what is checked on a machine with a GPU, by part."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from timed_step import ROOT, Step

_PYTHON = sys.executable
_SOME_PASSED = r"[1-9]\d* passed"


@dataclass(frozen=True)
class Where:
    """The GPU's number, or None to try everything out on the CPU, small; nets; shared files."""

    gpu: int | None
    nets: Sequence[str]
    shared: Path

    @property
    def on_gpu(self) -> list[str]:
        """The option of netdef's commands."""
        return [] if self.gpu is None else ["--gpu", str(self.gpu)]

    @property
    def device(self) -> list[str]:
        """The option of the benchmarks."""
        return ["--device", "cpu" if self.gpu is None else str(self.gpu)]

    def size(self, usual: str, small: str) -> list[str]:
        """Return the words that say how much is done."""
        return (small if self.gpu is None else usual).split()


def _device(where: Where) -> list[Step]:
    query = (_PYTHON, "-m", "netdef", "device-query", *where.on_gpu)
    return [Step("Device", query, 60)]


def _agreement(where: Where) -> list[Step]:
    """Every test with the marker ``gpu``; on the CPU the agreement of the reference engine."""
    agree, engines = "tests/engines/test_agree.py", "tests/engines"
    sets = {
        "reference engine": [agree],
        "own kernels and cuDNN": [engines, "--ignore", agree],
        "all else": _tests_for_gpus(engines),
    }
    if not where.on_gpu:
        return [_tested("reference engine", agree)]
    return [_tested(name, "-m", "gpu", *words) for name, words in sets.items()]


def _tested(name: str, *words: str) -> Step:
    command = (_PYTHON, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *words)
    return Step(f"Agreement: {name}", command, 580, proof=_SOME_PASSED)


def _tests_for_gpus(but: str) -> list[str]:
    """Return the files with tests for GPUs that lie elsewhere; others may need more packages."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    marked = [f.relative_to(ROOT) for f in files if "pytest.mark.gpu" in f.read_text("utf-8")]
    return [str(f) for f in marked if not f.is_relative_to(but)]


def _goldens(where: Where) -> list[Step]:
    goldens = where.shared / "goldens"
    on = ["--gpu"] if where.on_gpu else []
    check = (_PYTHON, str(goldens / "check.py"), "--api", "netdef", *on)
    steps = [
        Step(
            f"Recordings of Caffe: {kind}",
            (*check, str(goldens / kind)),
            580,
            needs=(goldens / kind,),
            proof=_SOME_PASSED,
        )
        for kind in where.size("layers nets", "")
    ]
    solvers = (_PYTHON, "scripts/check_solvers.py", str(goldens), *where.on_gpu)
    needs = (goldens / "solvers",)
    title = "Recordings of Caffe: solvers"
    return [*steps, Step(title, solvers, 580, needs=needs, proof=_SOME_PASSED)]


def _resume(where: Where) -> list[Step]:
    size = where.size("--iterations 4000", "--iterations 200")
    command = (_PYTHON, "scripts/check_resume.py", *where.on_gpu, *size)
    return [
        Step(f"Resumed exactly{words}", (*command, *options), 300)
        for words, options in _precisions(where)
    ]


def _lenet(where: Where) -> list[Step]:
    data = where.shared / "data" / "mnist"
    size = where.size("--least 0.99", "--iterations 100 --least 0.8")
    command = (_PYTHON, "scripts/check_lenet.py", "--data", str(data), *where.on_gpu, *size)
    return [
        Step(f"LeNet on MNIST{words}", (*command, *options), 300, needs=(data,))
        for words, options in _precisions(where)
    ]


def _precisions(where: Where) -> list[tuple[str, list[str]]]:
    kinds = where.size("f32 bf16 fp16", "f32")
    return [(f", {kind}", [f"--option=--precision={kind}"]) for kind in kinds]


def _memory(where: Where) -> list[Step]:
    nets = ["--nets", ",".join(where.nets)]
    size = ["--batch", "256"]
    command = (_PYTHON, "benchmarks/gpu_memory.py", *where.device, *nets, *size)
    kinds = where.size("f32 bf16", "f32")
    return [Step(f"Memory, {kind}", (*command, "--precision", kind), 300) for kind in kinds]


def _input(where: Where) -> list[Step]:
    size = where.size(
        "--nets cifar10_quick,alexnet --precision bf16",
        "--nets lenet --batch 8 --images 64 --rounds 1 --steps 2",
    )
    command = (_PYTHON, "benchmarks/gpu_input.py", *where.device, *size)
    return [Step("Input from LMDB", command, 300)]


def _benchmark(where: Where) -> list[Step]:
    """A step for each net and precision: an end before the last one loses nothing."""
    size = where.size("", "--batch 4 --rounds 1 --seconds 0.01 --no-compile")
    command = (_PYTHON, "benchmarks/gpu_training.py", *where.device, *size)
    flaw = r"(?m)^.*\bmissed$" if where.on_gpu else None
    return [
        Step(
            f"Training, {net}, {kind}",
            (*command, "--nets", net, "--precisions", kind),
            580,
            flaw=flaw,
        )
        for net in where.nets
        for kind in where.size("bf16 f32", "f32")
    ]


def _inference(where: Where) -> list[Step]:
    size = where.size("--batches 1,32", "--batches 1 --rounds 1 --seconds 0.01 --no-compile")
    command = (_PYTHON, "benchmarks/gpu_inference.py", *where.device, *size)
    return [Step(f"Inference, {net}", (*command, "--nets", net), 580) for net in where.nets]


def _layers(where: Where) -> list[Step]:
    """Where the time of a training step goes, layer by layer."""
    size = where.size("--batch 256 --precision bf16 --top 20", "--batch 4 --steps 2")
    command = (_PYTHON, "benchmarks/roofline.py", *where.device, *size)
    return [Step(f"Layers, {net}", (*command, net), 300) for net in where.nets]


PARTS: dict[str, Callable[[Where], list[Step]]] = {
    "device": _device,
    "agreement": _agreement,
    "goldens": _goldens,
    "resume": _resume,
    "lenet": _lenet,
    "memory": _memory,
    "input": _input,
    "benchmark": _benchmark,
    "inference": _inference,
    "layers": _layers,
}
