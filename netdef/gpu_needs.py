"""What computing on GPUs needs, piece by piece: what is here, and how to get what is not."""

import warnings
from collections.abc import Callable, Iterator

from netdef.cuda_driver import driver_version, in_words, install

_BROKEN = (ImportError, OSError, RuntimeError, AttributeError)
"""What libraries raise that are not here, or not whole."""


def gpu_needs() -> Iterator[tuple[str, str]]:
    """Yield what a GPU needs: its name, and what is here of it or what to do."""
    driver = driver_version()
    none = "missing: install NVIDIA's driver, until nvidia-smi lists the GPU"
    yield "driver", none if driver is None else f"for CUDA up to {in_words(driver)}"
    major = _made_for() or (driver or 12000) // 1000
    ending = "13" if major >= 13 else "12"
    cupy = f"'cupy-cuda{ending}x[ctk]'"
    for name, find, packages in (
        ("CuPy", lambda: _cupy(driver), cupy),
        ("NVRTC", lambda: _library("nvrtc"), cupy),
        ("CUDA headers", _headers, cupy),
        ("cuBLAS", lambda: _library("cublas"), cupy),
        ("NCCL", _nccl, f"nvidia-nccl-cu{ending} (for several GPUs)"),
    ):
        yield name, _found(find, packages)
    yield "cuDNN", _cudnn()


def _found(find: Callable[[], str], packages: str) -> str:
    try:
        return find()
    except _BROKEN as error:
        lines = str(error.__cause__ or error).split("\n")
        return f"missing ({lines[0]}): pip install {packages}"


def _made_for() -> int | None:
    """Return the major version of CUDA that the CuPy here is made for, if there is one."""
    try:
        import cupy

        return int(cupy.cuda.runtime.runtimeGetVersion()) // 1000
    except _BROKEN:
        return None


def _cupy(driver: int | None) -> str:
    import cupy

    made_for = cupy.cuda.runtime.runtimeGetVersion()
    found = f"{cupy.__version__}, for CUDA {in_words(made_for)}"
    if driver is None or driver // 1000 >= made_for // 1000:
        return found
    return f"{found}: too new for the driver; {install(driver)}, or install a newer driver"


def _library(name: str) -> str:
    from cuda import pathfinder

    return str(pathfinder.load_nvidia_dynamic_lib(name).abs_path)


def _headers() -> str:
    from cuda import pathfinder

    folder = pathfinder.find_nvidia_header_directory("cudart")
    if folder is None:
        raise ImportError("cuda_fp16.h is nowhere")
    return str(folder)


def _cudnn() -> str:
    from netdef.engines.cudnn import library

    why = library.why_no_cudnn()
    if why is not None:
        return f"cannot be used: {why}"
    cudnn = library.load()
    return f"{library.in_words(cudnn.backend_version())} with its frontend {cudnn.__version__}"


def _nccl() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CuPy warns where it is not
        from cupy.cuda import nccl
    if not nccl.available:
        raise ImportError("libnccl.so.2 is nowhere")
    version = nccl.get_version()
    return f"{version // 10000}.{version // 100 % 100}.{version % 100}"
