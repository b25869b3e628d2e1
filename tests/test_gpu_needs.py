"""What is said where a GPU, its driver or a library is missing or old; by fakes."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from netdef import cuda_driver, gpu_needs
from netdef.cuda_driver import driver_version, install
from netdef.device import gpu
from netdef.engines.cudnn import library
from netdef.errors import DeviceError

END = "; or run on the CPU (solver_mode: CPU, no --gpu)"


class Driver:
    """NVIDIA's driver as a library, or none."""

    def __init__(self, version, status=0):
        self.version, self.status = version, status

    def load(self, name):
        assert name == "libcuda.so.1"
        if self.version is None:
            raise OSError(f"{name}: cannot open shared object file")
        return self

    def cuDriverGetVersion(self, place):
        place._obj.value = self.version
        return self.status


@pytest.fixture
def driver(monkeypatch):
    """Put a driver of some version in the place of the one here."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(version, status=0):
        monkeypatch.setattr(cuda_driver.ctypes, "CDLL", Driver(version, status).load)

    put(None)
    return put


class CudaError(RuntimeError):
    """An error of CUDA's run-time."""


@pytest.fixture
def cupy(monkeypatch):
    """CuPy on a machine where CUDA finds no GPU; ``put`` says why."""
    made = ModuleType("cupy")
    made.__version__ = "14.2.0"
    made.runtime = SimpleNamespace(CUDARuntimeError=CudaError)
    made.cuda = ModuleType("cupy.cuda")
    made.cuda.runtime = made.runtime
    made.cuda.Device = lambda number: SimpleNamespace(use=lambda: None)
    made.cuda.nccl = SimpleNamespace(available=True, get_version=lambda: 22501)

    def put(driver, made_for, found):
        def count():
            if isinstance(found, str):
                raise CudaError(found)
            return found

        made.runtime.driverGetVersion = lambda: driver
        made.runtime.runtimeGetVersion = lambda: made_for
        made.runtime.getDeviceCount = count

    made.put = put
    put(13000, 13000, 2)
    monkeypatch.setitem(sys.modules, "cupy", made)
    monkeypatch.setitem(sys.modules, "cupy.cuda", made.cuda)
    return made


OLD = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"


def refusal(number=0):
    with pytest.raises(DeviceError) as caught:
        gpu(number)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_no_driver(driver, cupy):
    cupy.put(0, 12090, OLD)  # what CUDA says without a driver
    assert refusal() == (
        "no GPU can be used: there is no NVIDIA driver: install one, until nvidia-smi lists the"
        " GPU" + END
    )


def test_a_driver_older_than_cupy(driver, cupy):
    cupy.put(12040, 13000, OLD)
    assert refusal() == (
        "no GPU can be used: the driver takes CUDA up to 12.4, and CuPy is made for CUDA 13.0:"
        " install a newer driver, or the packages for this one: pip install 'netdef[cuda12]'" + END
    )


def test_a_driver_that_no_packages_are_for(driver, cupy):
    cupy.put(11080, 12090, OLD)
    assert refusal() == (
        "no GPU can be used: the driver takes CUDA up to 11.8, and CuPy is made for CUDA 12.9:"
        " install a newer driver" + END
    )


def test_a_driver_without_a_gpu(driver, cupy, monkeypatch):
    cupy.put(13000, 13000, "cudaErrorNoDevice: no CUDA-capable device is detected")
    said = (
        "no GPU can be used: cudaErrorNoDevice: no CUDA-capable device is detected:"
        " see whether nvidia-smi lists it"
    )
    assert refusal() == said + END
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert refusal() == said + " (CUDA_VISIBLE_DEVICES=7 hides all others)" + END


def test_a_number_that_is_not_there(driver, cupy, monkeypatch):
    assert refusal(2) == "GPU 2 is not there; this machine has 2: 0, 1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert refusal(2).endswith(" 2: 0, 1 (CUDA_VISIBLE_DEVICES=0,1 hides all others)")


@pytest.mark.parametrize(
    ("version", "command"),
    [
        (None, "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is"),
        (11080, "pip install 'netdef[cuda12]'"),
        (12040, "pip install 'netdef[cuda12]'"),
        (13020, "pip install 'netdef[cuda13]'"),
        (14000, "pip install 'netdef[cuda13]'"),
    ],
)
def test_no_cupy(version, command, driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    driver(version)
    assert refusal() == f"GPU mode needs CuPy: {command}{END}"


def test_a_cupy_that_does_not_load(driver, monkeypatch):
    class Broken:
        def find_spec(self, name, *_):
            if name == "cupy":
                cause = ImportError("libcublas.so.12: cannot open shared object file")
                raise ImportError("=====\nFailed to import CuPy.\n=====") from cause

    driver(12040)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert refusal() == (
        "CuPy is here and does not load (libcublas.so.12: cannot open shared object file);"
        " install it anew: pip install 'netdef[cuda12]'" + END
    )


def test_the_drivers_own_version(driver):
    assert driver_version() is None
    driver(12040)
    assert driver_version() == 12040
    driver(12040, status=999)
    assert driver_version() is None
    assert install(13000) == "pip install 'netdef[cuda13]'"


@pytest.fixture
def pathfinder(monkeypatch):
    """What finds CUDA's libraries: all but those that ``lacks`` names."""
    made = SimpleNamespace(lacks=set())

    def load(name):
        if name in made.lacks:
            raise RuntimeError(f'Failure finding "lib{name}.so.12"\nin many places')
        return SimpleNamespace(abs_path=f"/lib/lib{name}.so")

    made.load_nvidia_dynamic_lib = load
    made.find_nvidia_header_directory = lambda name: None if name in made.lacks else "/include"
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace(pathfinder=made))
    return made


@pytest.fixture
def cudnn(monkeypatch):
    found = SimpleNamespace(backend_version=lambda: 92801, __version__="1.28.0", why=None)
    monkeypatch.setattr(library, "why_no_cudnn", lambda: found.why)
    monkeypatch.setattr(library, "load", lambda: found)
    return found


def test_all_is_there(driver, cupy, pathfinder, cudnn):
    driver(13020)
    assert dict(gpu_needs.gpu_needs()) == {
        "driver": "for CUDA up to 13.2",
        "CuPy": "14.2.0, for CUDA 13.0",
        "NVRTC": "/lib/libnvrtc.so",
        "CUDA headers": "/include",
        "cuBLAS": "/lib/libcublas.so",
        "NCCL": "2.25.1",
        "cuDNN": "9.28.1 with its frontend 1.28.0",
    }


def test_each_thing_that_is_missing_has_its_command(driver, cupy, pathfinder, cudnn):
    cupy.put(12040, 12090, 2)
    pathfinder.lacks = {"nvrtc", "cudart", "cublas"}
    cupy.cuda.nccl.available = False
    cudnn.why = "it is old"
    assert dict(gpu_needs.gpu_needs()) == {
        "driver": "missing: install NVIDIA's driver, until nvidia-smi lists the GPU",
        "CuPy": "14.2.0, for CUDA 12.9",
        "NVRTC": "missing (Failure finding \"libnvrtc.so.12\"): pip install 'cupy-cuda12x[ctk]'",
        "CUDA headers": "missing (cuda_fp16.h is nowhere): pip install 'cupy-cuda12x[ctk]'",
        "cuBLAS": "missing (Failure finding \"libcublas.so.12\"): pip install 'cupy-cuda12x[ctk]'",
        "NCCL": "missing (libnccl.so.2 is nowhere): pip install nvidia-nccl-cu12"
        " (for several GPUs)",
        "cuDNN": "cannot be used: it is old",
    }


def test_without_cupy_the_driver_says_which_packages(driver, cudnn, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    driver(13000)
    found = dict(gpu_needs.gpu_needs())
    halted = "import of cupy halted; None in sys.modules"
    assert found["CuPy"] == f"missing ({halted}): pip install 'cupy-cuda13x[ctk]'"


def test_a_cupy_too_new_for_the_driver(driver, cupy, pathfinder, cudnn):
    driver(12040)
    assert dict(gpu_needs.gpu_needs())["CuPy"] == (
        "14.2.0, for CUDA 13.0: too new for the driver; pip install 'netdef[cuda12]', or install"
        " a newer driver"
    )
