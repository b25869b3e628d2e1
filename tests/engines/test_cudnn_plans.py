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


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_all_benchmark_nets(tmp_path, precision):
    found, _ = planned(tmp_path, precision, NETS)
    assert {c["net"] for c in found} == {path.stem for path in NETS}
    assert refused(found) == []
