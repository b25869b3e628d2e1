"""``netdef show``: a net as a table, at any stage from graph to plan."""

import click

from netdef.tools import device_options, options

_STAGES = ("graph", "shapes", "program", "plan")


@click.command("show", cls=options.Command)
@options.model
@options.phase(default="TRAIN")
@options.level
@options.stages("--net-stage")
@click.option(
    "--stage",
    type=click.Choice(_STAGES),
    default="shapes",
    show_default=True,
    help="graph: layers and blobs; shapes: sizes, weights, multiply-adds; program: the calls"
    " of a pass; plan: their engines and memory.",
)
@device_options.gpu
@options.allow_python
def command(
    model: str, phase: str, level: int, stages: list[str], stage: str, gpu: int | None
) -> None:
    """Print a net as a table, at any stage from graph to plan.

    Nothing is trained or loaded; data layers look into their databases for shapes.
    """
    from netdef import mode, showing
    from netdef.engines import engines_of, settings
    from netdef.fusion import PASSES
    from netdef.graph import build
    from netdef.infer import infer
    from netdef.plan import compile_program
    from netdef.precision import checked_precision
    from netdef.prototxt import read_net
    from netdef.record import record

    device_options.use_gpu(gpu)
    graph = build(read_net(model), options.phase_number(phase), level, stages)
    if stage == "graph":
        click.echo(showing.show_graph(graph))
        return
    program = record(graph, infer(graph), backward=graph.training)
    if stage == "shapes":
        click.echo(showing.show_shapes(program))
    elif stage == "program":
        click.echo(showing.show_program(program))
    else:
        is_gpu, passes = mode.device().is_gpu, tuple(PASSES) if settings.chosen.fuses else ()
        precision = checked_precision(settings.chosen.precision, "outputs", is_gpu)
        engines = engines_of(is_gpu)
        plan = compile_program(program, engines, passes=passes, precision=precision)
        click.echo(showing.show_plan(plan))
