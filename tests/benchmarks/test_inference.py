"""Trained nets on netdef, PyTorch and ONNX Runtime give the same scores."""

import importlib.util

import numpy as np
import pytest
from agreement import check_agreement
from compare_inference import sides
from comparison import Comparison
from contenders import Task
from inference_contenders import NetdefInference
from inference_nets import scores_text
from onnx_files import write_onnx_files

from netdef.graph import build
from netdef.proto import TEST


def test_losses_labels_and_side_classifiers_are_left_out(benchmarks):
    text = scores_text(Task(str(benchmarks / "nets" / "googlenet.prototxt"), 1).text())
    graph = build(text, TEST)
    assert (graph.inputs, graph.outputs) == (("data",), ("loss3/classifier",))
    assert not [n.name for n in graph.nodes if n.name.startswith(("loss1", "loss2"))]
    assert len(text.lines) == len(text.net.layer)


def test_netdef_gives_scores_and_statistics_keep_them_small(benchmarks):
    task = Task(str(benchmarks / "nets" / "resnet18.prototxt"), 1)
    contender = NetdefInference(task)
    scores = contender.answer()
    assert scores.shape == (1, 1000)
    assert np.isfinite(scores).all() and 0.1 < np.abs(scores).max() < 1e4
    assert contender.about()["plan_mb"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet", "squeezenet", "resnet18"])
def test_all_sides_agree(name, benchmarks, tmp_path):
    task = Task(str(benchmarks / "nets" / f"{name}.prototxt"), 2)
    forms = ("user",) if importlib.util.find_spec("torch") else ()
    files = write_onnx_files(task, tmp_path)
    given = sides(task, Comparison((), 1, 1.0, 1, forms, False), files)
    if len(given) == 1:
        pytest.skip("neither PyTorch nor onnx and onnxruntime are installed")
    assert len(given) == 1 + len(files) + 2 * len(forms)
    assert check_agreement(name, given, 1e-5) < 1e-5
