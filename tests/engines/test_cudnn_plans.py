"""cuDNN has plans for every call of the benchmark nets that its engine knows; no GPU runs."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.engines.described_gpu import why_not

ROOT = Path(__file__).parents[2]
NETS = sorted((ROOT / "benchmarks" / "nets").glob("*.prototxt"))
PRECISIONS = ["F32", "TF32", "BF16", "FP16"]

if why_not():
    pytest.skip(f"needs cuDNN: {why_not()}", allow_module_level=True)


def planned(folder, precision, nets):
    """Return what becomes of each call on a GPU that is described, and of each graph."""
    command = [sys.executable, "-m", "tests.engines.described_gpu", str(folder), precision]
    done = subprocess.run(
        [*command, *map(str, nets)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    graphs = {line["graph"]: line["has_plan"] for line in found if "graph" in line}
    return [line for line in found if "call" in line], graphs


def refused(found):
    return [(c["net"], c["layer"], c["call"], c["why"]) for c in found if c["engine"] != "cudnn"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_lenet(tmp_path, precision):
    found, graphs = planned(tmp_path, precision, [ROOT / "benchmarks" / "nets" / "lenet.prototxt"])
    assert refused(found) == []
    assert Counter(c["call"] for c in found) == {
        "conv": 2,
        "conv_grad_x": 1,
        "conv_grad_weight": 2,
        "gemm": 6,
    }
    # cuDNN has products on tensor cores alone: strict float32 must not get one.
    assert graphs.get("gemm in float32 as matmul", False) == (precision == "TF32")


ATTENDING = """
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 8 dim: 50 dim: SIZE } } }
  layer { name: "seen" type: "Attention" bottom: "x" top: "seen"
    attention_param { num_heads: 4 causal: true } }
  layer { name: "loss" type: "Reduction" bottom: "seen" top: "loss" loss_weight: 1 }"""


@pytest.mark.parametrize(("size", "has_plan"), [(128, True), (48, False)])
def test_attention(tmp_path, size, has_plan):
    """Heads of 32 features have plans, those of 12 have none: only multiples of 8 do."""
    (tmp_path / "net.prototxt").write_text(ATTENDING.replace("SIZE", str(size)))
    found, _ = planned(tmp_path, "BF16", [tmp_path / "net.prototxt"])
    of_attention = [c for c in found if c["call"].startswith("attention")]
    assert [c["call"] for c in of_attention] == ["attention", "attention_back"]
    assert all((c["engine"] == "cudnn") == has_plan for c in of_attention)


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_all_benchmark_nets(tmp_path, precision):
    found, _ = planned(tmp_path, precision, NETS)
    assert {c["net"] for c in found} == {path.stem for path in NETS}
    assert refused(found) == []
