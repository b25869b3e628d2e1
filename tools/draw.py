"""``netdef draw``: a net as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import options

if TYPE_CHECKING:
    from netdef.diagram.diagram import Diagram

_PICTURES = (".png", ".svg", ".pdf")
_ENDINGS = (*_PICTURES, ".html", ".dot")


@click.command("draw", cls=options.Command)
@click.argument("net")
@click.option(
    "--out",
    "-o",
    required=True,
    metavar="FILE",
    help="The picture: a .png, .svg, .pdf, .html or .dot.",
)
@click.option(
    "--phase",
    type=click.Choice(["TRAIN", "TEST", "ALL"], case_sensitive=False),
    default="ALL",
    show_default=True,
    help="The phase whose layers are drawn; ALL has a colour for the layers of one phase.",
)
@click.option(
    "--rankdir",
    type=click.Choice(["TB", "BT", "LR", "RL"], case_sensitive=False),
    default="TB",
    show_default=True,
    help="Where the net goes: from top to bottom, bottom to top, left to right, right to left.",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="BLOB=N,C,H,W",
    help="The shape of what a data layer makes, if its data are not there; may be repeated.",
)
@options.level
@options.stages()
@options.allow_python
def command(
    net: str,
    out: str,
    phase: str,
    rankdir: str,
    shapes: tuple[str, ...],
    level: int,
    stages: list[str],
) -> None:
    """Draw NET, the prototxt of a net or of a solver: layers, blobs, weights, rates.

    A .png, .svg or .pdf is laid out by Graphviz; .html and .dot need nothing.
    """
    from netdef.diagram.dot import check_dot, dot_text, write_picture
    from netdef.errors import ConfigError
    from netdef.io.whole_file import writing_whole

    ending = Path(out).suffix.lower()
    if ending not in _ENDINGS:
        raise ConfigError(f"{out}: pictures end in {', '.join(_ENDINGS)}; choose one of them")
    if ending in _PICTURES:
        check_dot()
    diagram = _diagram(net, phase, shapes, level, stages)
    if ending in _PICTURES:
        said = write_picture(out, dot_text(diagram, rankdir))
        if said:
            click.echo(said, err=True)
    else:
        from netdef.diagram.page import page_text

        text = (page_text if ending == ".html" else dot_text)(diagram, rankdir)
        with writing_whole(out) as file:
            file.write(text.encode())
    click.echo(f"Wrote {out}")


def _diagram(
    net: str, phase: str, shapes: tuple[str, ...], level: int, stages: list[str]
) -> "Diagram":
    from netdef.diagram.both_phases import both_phases
    from netdef.diagram.given_shapes import parse_shape
    from netdef.diagram.net_diagram import phase_diagram
    from netdef.proto import NetState, Phase
    from netdef.solvers.net_or_solver import net_of_file, one_text

    own = NetState(level=level or None, stage=stages)
    names = ["TRAIN", "TEST"] if phase == "ALL" else [phase]
    choices = [net_of_file(net, Phase.Value(name), own) for name in names]
    text = one_text(choices)
    given = dict(map(parse_shape, shapes))
    found = [phase_diagram(text, choice.state, given) for choice in choices]
    for one in found:
        if one.shapeless:
            click.echo(f"{one.phase} is drawn without shapes: {one.shapeless}", err=True)
    return found[0].diagram if len(found) == 1 else both_phases(*(one.diagram for one in found))
