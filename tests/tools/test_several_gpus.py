"""``--gpu`` as a user types it: one, several or all, here of GPUs that the CPU stands for."""

import sys
from types import ModuleType

import pytest

from tests.parallel.gpus_on_cpu import gpus

RUN = ("train", "--solver", "digits_solver.prototxt", "max_iter=2", "display=1", "test_interval=2",
       "test_iter=1", "snapshot=1", "--engine", "numpy")  # fmt: skip


@pytest.fixture
def on_gpus(digits, netdef):
    """Run a command on a machine of some GPUs; the solver says nothing of where."""
    path = digits / "digits_solver.prototxt"
    path.write_text(path.read_text().replace("solver_mode: CPU", ""))

    def run(*arguments, count=2, names=None, nccl=None):
        with gpus(count, names):
            if nccl is not None:
                sys.modules["cupy.cuda.nccl"] = nccl
            return netdef(*arguments)

    return run


def test_training_on_several(on_gpus):
    ran = on_gpus(*RUN, "--gpu", "0,1")
    assert ran.status == 0, ran.err
    assert "] batch 64 on each of 2 GPUs: 128\n" in ran.err


def test_going_on_with_batches_that_are_split(on_gpus, digits):
    given = ("--gpu", "all", "--split-batch")
    ran = on_gpus(*RUN, *given)
    assert ran.status == 0, ran.err
    assert "] batch 32 on each of 2 GPUs: 64\n" in ran.err
    resumed = on_gpus(*RUN, "max_iter=3", *given, "--snapshot", "digits_iter_2.solverstate")
    assert resumed.status == 0, resumed.err
    assert (digits / "digits_iter_3.solverstate").is_file()
    assert "not bit for bit" not in resumed.err


def test_on_one_no_more_is_said(on_gpus):
    ran = on_gpus(*RUN, "--gpu", "1", "--split-batch")
    assert (ran.status, "GPUs" in ran.err) == (0, False), ran.err


def test_a_dry_run_counts_what_all_take(on_gpus):
    def iterations(*given):
        ran = on_gpus(
            "train", "--solver", "digits_solver.prototxt", "max_epoch=8", "--dry-run", *given
        )
        assert ran.status == 0, ran.err
        return int(ran.out.partition("max_iter: ")[2].split()[0])

    one = iterations("--gpu", "0")
    assert iterations("--gpu", "0,1", "--split-batch") == one
    assert 2 * iterations("--gpu", "0,1") - one in (0, 1)


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        (("--gpu", "0,0"), 2, "netdef: error: GPU 0 is named twice; name each GPU once\n"),
        (
            ("--gpu", "0,2"),
            2,
            "netdef: error: GPU 2 is not there; this machine has 2: 0, 1\n",
        ),
        (
            ("--gpu", "0,one"),
            2,
            "\nError: Invalid value for '--gpu': 'one' is not the number of a GPU; they count from"
            " 0.\n",
        ),
        (
            ("--gpu", "-1"),
            2,
            "\nError: Invalid value for '--gpu': '-1' is not the number of a GPU; they count from"
            " 0.\n",
        ),
    ],
)
def test_refused(on_gpus, given, status, message):
    ran = on_gpus(*RUN, *given)
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.endswith(message)


def test_gpus_of_two_kinds(on_gpus):
    ran = on_gpus(*RUN, "--gpu", "all", names=["Large", "Small"])
    assert ran.status == 2
    assert ran.err == (
        "netdef: error: GPU 1 is a Small, GPU 0 a Large; GPUs that train together must be of one"
        " kind: name those, such as --gpu 0\n"
    )


def test_without_nccl(on_gpus):
    empty = ModuleType("cupy.cuda.nccl")
    empty.available = False
    ran = on_gpus(*RUN, "--gpu", "0,1", nccl=empty)
    assert ran.status == 2
    assert ran.err == (
        "netdef: error: several GPUs need NCCL, which cannot be loaded; pip install"
        " 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is; or train on one GPU\n"
    )


@pytest.mark.parametrize("value", ["0,1", "all"])
@pytest.mark.parametrize("command", ["test", "time", "extract", "classify", "detect"])
def test_what_runs_on_one(netdef, command, value):
    ran = netdef(command, "--gpu", value)
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: Invalid value for '--gpu': this command runs on one GPU; name one, such as"
        " --gpu 0.\n"
    )
