"""Options that say what nets run on: the device, the engine, threads and precision."""

from collections.abc import Callable
from functools import reduce

import click

from netdef.tools.options import Function


def gpu(otherwise: str = "without it, on the CPU") -> Callable[[Function], Function]:
    """Return the options that say what nets run on; ``--gpu`` is handed to the command.

    ``otherwise`` tells what happens without it.
    """
    number = click.IntRange(min=0)
    which = click.option("--gpu", type=number, metavar="N", help=f"Run on GPU N; {otherwise}.")
    options = (_no_fuse, _autotune, _tf32, _precision, _threads, _engine, which)
    return lambda function: reduce(lambda made, option: option(made), options, function)


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


def _use_tf32(ctx: click.Context, param: click.Parameter, is_given: bool) -> None:
    if is_given:
        from netdef.engines import settings

        settings.chosen.tf32 = True


def _use_autotuning(ctx: click.Context, param: click.Parameter, is_given: bool) -> None:
    if is_given:
        from netdef.engines import settings

        settings.chosen.autotune = True


def _use_no_fusing(ctx: click.Context, param: click.Parameter, is_given: bool) -> None:
    if is_given:
        from netdef.engines import settings

        settings.chosen.fuses = False


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
    type=click.Choice(["f32", "bf16"], case_sensitive=False),
    expose_value=False,
    callback=_use_precision,
    help="The bits of what lies between convolutions, on the CPU; f32 without it.",
)
_tf32 = click.option(
    "--tf32",
    is_flag=True,
    expose_value=False,
    callback=_use_tf32,
    help="Let a GPU round float32 to 10 bits before it multiplies: faster.",
)
_autotune = click.option(
    "--autotune",
    is_flag=True,
    expose_value=False,
    callback=_use_autotuning,
    help="Time cuDNN's plans on the GPU, and take the fastest; the choice is kept.",
)
_no_fuse = click.option(
    "--no-fuse",
    is_flag=True,
    expose_value=False,
    callback=_use_no_fusing,
    help="Run every call of the net by itself, to find a fault.",
)


def use_gpu(number: int | None) -> None:
    """Make the nets that follow run on a GPU, if one is asked for.

    Raises:
        DeviceError: it is not there; with the mend.
    """
    from netdef import mode

    if number is not None:
        mode.set_device(number)
        mode.set_mode_gpu()
