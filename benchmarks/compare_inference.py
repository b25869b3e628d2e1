"""Compare the use of trained nets on netdef, ONNX Runtime and PyTorch.

The same nets up to their scores, weights, images and threads, at small and large batches.
Each side runs in a process of its own, and they take turns. PyTorch runs in ``eval`` and
``inference_mode``, as a user starts it and with its allocator tuned, each in NCHW and
channels_last, as it is and compiled with frozen weights; ONNX Runtime runs the file that
netdef exports, and the one that PyTorch does. The fastest of each form counts.
Ratios are the other's time over netdef's: above 1, netdef is that many times as fast.
"""

import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import click
from agreement import check_agreement
from comparison import Comparison, comparison_options, print_comparison
from contenders import Task
from inference_contenders import NetdefInference, OnnxRuntime, TorchInference
from onnx_files import has_onnx, write_onnx_files
from results import Result, net_table, result_of
from sides import Side, thread_environment, torch_sides
from targets import INFERENCE
from turns import take_turns

_LARGEST_DIFFERENCE = 1e-3


def sides(task: Task, how: Comparison, files: Mapping[str, Path]) -> list[Side]:
    """Return netdef, ONNX Runtime on each of the ``files`` by their writers, and PyTorch."""
    env = thread_environment(how.threads)
    found = [Side("netdef", "", NetdefInference, (task,), env)]
    for writer, path in files.items():
        arguments = (task, str(path), how.threads)
        found.append(Side("onnxruntime", f"{writer}'s file", OnnxRuntime, arguments, env))
    return found + torch_sides(TorchInference, task, how.forms, how.compiles, how.threads)


def compare(task: Task, how: Comparison) -> list[Result]:
    """Check and measure one net at one batch; print its table, and return the results.

    Raises:
        RunError: the scores differ, or a process failed.
    """
    name = f"{Path(task.path).stem}, batch {task.images}"
    with tempfile.TemporaryDirectory() as folder:
        given = sides(task, how, write_onnx_files(task, Path(folder)))
        distance = check_agreement(name, given, _LARGEST_DIFFERENCE)
        results = [result_of(task, t) for t in take_turns(name, given, how.rounds, how.seconds)]
    print(f"\nscores agree to {distance:.1g}\n{net_table(results)}", flush=True)
    return results


@click.command(help=__doc__)
@comparison_options
@click.option("--batches", default="1,32", show_default=True, help="Images a batch.")
def main(how: Comparison, batches: str) -> None:
    """Measure each net at each batch; print its table, and at the end a summary."""
    if not has_onnx():
        print("ONNX Runtime is left out: it takes the packages onnx and onnxruntime.")
    sizes = [int(size) for size in batches.split(",")]
    tasks = [Task(str(path), size) for path, size in product(how.nets, sizes)]
    print_comparison(how, (lambda t=t: compare(t, how) for t in tasks), INFERENCE)


if __name__ == "__main__":
    main()
