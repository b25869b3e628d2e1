"""The means of a test: over some batches, or over every record once."""

from pathlib import Path

import numpy as np
import pytest

import netdef
from netdef.solvers.testing import test as score


@pytest.fixture
def net(folder):
    """Return what makes the small net of phase TEST, with batches of a size."""

    def make(batch, more=""):
        text = Path("net.prototxt").read_text().replace("batch_size: 6", f"batch_size: {batch}")
        Path("test.prototxt").write_text(text + more)
        return netdef.Net("test.prototxt", netdef.TEST, seed=3)

    return make


def values(outputs):
    return {output.name: output.value for output in outputs}


def test_the_whole_set_has_one_mean_whatever_the_batch(net):
    outputs, loss = score(net(24))
    whole = values(outputs)
    for batch in (1, 5, 7, 24, 64):
        again, loss_again = score(net(batch))
        assert values(again) == pytest.approx(whole, rel=1e-6)
        assert loss_again == pytest.approx(loss, rel=1e-6)
    assert whole["accuracy"] * 24 == pytest.approx(round(whole["accuracy"] * 24))
    assert loss == pytest.approx(whole["loss"])


def test_a_shorter_batch_counts_less_than_a_whole_one(net):
    """24 records in batches of 7: plain means of the four batches would be another number."""
    made = net(7)
    told = []
    outputs, _ = score(made, tell=lambda batch, outs: told.append((batch, values(outs)["loss"])))
    assert [batch for batch, _ in told] == [0, 1, 2, 3]
    losses = [loss for _, loss in told]
    mean = np.average(losses, weights=[7, 7, 7, 3])
    assert values(outputs)["loss"] == pytest.approx(mean, rel=1e-7)
    assert abs(np.mean(losses) - mean) > 1e-3


def test_numbers_of_each_record_that_the_last_batch_lacks_are_means_of_the_others(net):
    made = net(10, 'layer { name: "p" type: "Softmax" bottom: "ip2" top: "p" }')
    told = []
    outputs, _ = score(made, tell=lambda batch, outs: told.append(outs))
    of_p = [[o.value for o in outs if o.name == "p"] for outs in (*told, outputs)]
    assert [len(numbers) for numbers in of_p] == [30, 30, 12, 30]
    first, second, last, means = of_p
    assert means[12:] == pytest.approx(np.mean([first[12:], second[12:]], 0).tolist())
    assert means[:12] == pytest.approx(
        np.average([first[:12], second[:12], last], axis=0, weights=[10, 10, 4]).tolist()
    )


def test_batches_are_counted_as_caffe_counts_them(net):
    made = net(7)
    _, loss = score(made, 2)
    made.sources["data"].restore({"position": 0})
    each = [float(made.forward()["loss"]) for _ in range(2)]
    assert loss == pytest.approx(np.mean(each), rel=1e-7)
    assert made.sources["data"].state() == {"position": 14}
