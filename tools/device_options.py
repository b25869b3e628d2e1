"""Options that say what nets run on: the device, the engine, threads and precision."""

from collections.abc import Callable
from functools import reduce

import click

from netdef.tools.gpu_numbers import Gpus, one_gpu, some_gpus
from netdef.tools.options import Function
from netdef.tools.progress import status_line


def gpu(function: Function) -> Function:
    """Add the options that say what nets run on; ``--gpu`` is handed to the command."""
    text = "Run on GPU N; without it, on the CPU."
    which = click.option("--gpu", callback=one_gpu, metavar="N", help=text)
    return _add(function, *_OTHERS, which)


def gpus(otherwise: str = "without it, on the CPU") -> Callable[[Function], Function]:
    """Return the options of a command that trains; it is handed ``--gpu`` and ``--split-batch``.

    ``otherwise`` tells what happens without ``--gpu``.
    """
    text = f"Train on GPU N, on several (0,1), or on all; {otherwise}."
    which = click.option("--gpu", callback=some_gpus, metavar="N,...|all", help=text)
    return lambda function: _add(function, *_OTHERS, _split_batch, which)


def _add(function: Function, *options: Callable[[Function], Function]) -> Function:
    return reduce(lambda made, option: option(made), options, function)


def _use_engine(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    if name is not None:
        from netdef.engines import settings

        settings.chosen.engine = name


def _use_threads(ctx: click.Context, param: click.Parameter, count: int | None) -> None:
    if count is not None:
        from netdef.engines import threads

        threads.use(count)


def _use_precision(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    if name is not None:
        from netdef.engines import settings

        settings.chosen.precision = name.upper()


def _setting(**values: object) -> Callable[[click.Context, click.Parameter, bool], None]:
    """Return what makes these the settings of engines where a flag is given."""

    def use(ctx: click.Context, param: click.Parameter, is_given: bool) -> None:
        if is_given:
            from netdef.engines import settings

            for name, value in values.items():
                setattr(settings.chosen, name, value)

    return use


_engine = click.option(
    "--engine",
    type=click.Choice(["onednn", "cudnn", "cupy", "numpy"], case_sensitive=False),
    expose_value=False,
    callback=_use_engine,
    help="What computes: onednn or numpy on the CPU, cudnn, cupy or numpy on a GPU; without it"
    " the first of them that loads.",
)
_threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    expose_value=False,
    callback=_use_threads,
    help="Threads of each call on the CPU; without it OMP_NUM_THREADS, or one a core.",
)
_precision = click.option(
    "--precision",
    type=click.Choice(["f32", "bf16", "fp16"], case_sensitive=False),
    expose_value=False,
    callback=_use_precision,
    help="The type of what lies between convolutions, fp16 on GPUs alone; f32 without it.",
)
_tf32 = click.option(
    "--tf32",
    is_flag=True,
    expose_value=False,
    callback=_setting(tf32=True),
    help="Let a GPU round float32 to 10 bits before it multiplies: faster.",
)
_autotune = click.option(
    "--autotune",
    is_flag=True,
    expose_value=False,
    callback=_setting(autotune=True, tell=status_line),
    help="Time cuDNN's plans on the GPU, and take the fastest; the choice is kept.",
)
_deterministic = click.option(
    "--deterministic",
    is_flag=True,
    expose_value=False,
    callback=_setting(deterministic=True),
    help="Refuse what may give other bits in another run on the same device: --autotune. All else"
    " gives the same, with the option and without.",
)
_no_fuse = click.option(
    "--no-fuse",
    is_flag=True,
    expose_value=False,
    callback=_setting(fuses=False),
    help="Run every call of the net by itself, to find a fault.",
)


_split_batch = click.option(
    "--split-batch",
    is_flag=True,
    help="Give each of several GPUs its part of a batch; without it each takes batches whole.",
)
_OTHERS = (_no_fuse, _deterministic, _autotune, _tf32, _precision, _threads, _engine)


def use_gpu(number: int | None) -> None:
    """Make the nets that follow run on a GPU, if one is asked for.

    Raises:
        DeviceError: it is not there; with the mend.
    """
    from netdef import mode

    if number is not None:
        mode.set_device(number)
        mode.set_mode_gpu()


def use_gpus(numbers: Gpus | None) -> None:
    """Train on GPUs, if some are asked for; what does not train runs on the first.

    Raises:
        ConfigError: one is named twice.
        DeviceError: one is not there, or of another kind than the first; with the mend.
    """
    from netdef import mode

    if numbers is not None:
        mode.set_devices(None if numbers == "all" else numbers)
