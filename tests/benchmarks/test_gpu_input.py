"""Training from an LMDB beside training on a batch that is there."""

import re

import pytest
from click.testing import CliRunner
from contenders import Task
from gpu_input import Turns, from_lmdb, main


def test_shares_are_medians_over_the_turns():
    found = Turns(steps=[2.0, 4.0, 10.0], waits=[0.2, 2.0, 5.0], plain=[1.0, 3.0, 9.0])
    assert (found.busy, found.waiting) == (0.75, 0.5)


@pytest.mark.parametrize(("net", "raw"), [("lenet", 32), ("cifar10_quick", 40), ("alexnet", 256)])
def test_the_net_reads_a_part_of_each_image(net, raw, benchmarks, tmp_path):
    task = Task(str(benchmarks / "nets" / f"{net}.prototxt"), batch=2)
    wanted = task.text().net.layer[0].input_param.shape[0].dim
    text = from_lmdb(task, tmp_path, images=3)
    assert [layer.type for layer in text.net.layer[:2]] == ["Data", "Convolution"]
    assert text.net.layer[0].transform_param.crop_size == wanted[-1] < raw
    assert text.net.layer[0].data_param.batch_size == 2
    assert len(text.lines) == len(text.net.layer)


def test_the_command():
    arguments = ["--nets", "lenet", "--batch", "2", "--images", "8", "--rounds", "1"]
    ran = CliRunner().invoke(main, [*arguments, "--steps", "1", "--device", "cpu"])
    assert ran.exit_code == 0, ran.output
    row = ran.output.splitlines()[-1]
    assert re.fullmatch(r"lenet \(2\) +[\d.]+ +[\d.]+ +[\d.]+% +[\d.]+% +[\d,]+", row)
