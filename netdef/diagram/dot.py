"""Diagrams in the language of Graphviz, and its program ``dot``, which lays them out.

Source: https://graphviz.org/doc/info/lang.html
"""

import subprocess
from html import escape
from pathlib import Path
from shutil import which

from netdef.diagram.diagram import PHASE_COLORS, Box, Diagram, Edge
from netdef.errors import RunError
from netdef.io.whole_file import writing_whole

_FONT = "Helvetica,Arial,sans-serif"


def dot_text(diagram: Diagram, rankdir: str = "TB") -> str:
    """Return the diagram as text for ``dot``; ``rankdir`` is where it goes: TB, BT, LR or RL."""
    lines = [
        f"digraph {_quoted(diagram.name)} {{",
        f'  graph [rankdir={rankdir} fontname="{_FONT}" nodesep=0.3 ranksep=0.35];',
        f'  node [shape=box fontname="{_FONT}" fontsize=10 margin="0.12,0.06"];',
        f'  edge [fontname="{_FONT}" fontsize=9 arrowsize=0.6];',
        *(f"  {_quoted(box.key)} [{_box(box)}];" for box in diagram.boxes),
        *(
            f"  {_quoted(edge.tail)} -> {_quoted(edge.head)} [{_edge(edge)}];"
            for edge in diagram.edges
        ),
    ]
    if diagram.has_both_phases:
        lines.append(f"  label=<{_legend()}>;")
    return "\n".join([*lines, "}", ""])


def _box(box: Box) -> str:
    text = "<BR/>".join([f"<B>{escape(box.title)}</B>", *map(escape, box.lines)])
    styles = ["filled", *(["rounded"] if box.is_in_place else [])]
    styles += ["dashed"] if box.is_frozen else []
    shape = " shape=ellipse" if box.kind == "blob" else ""
    return (
        f'label=<{text}> style="{",".join(styles)}" fillcolor="{box.color}"'
        f' color="{PHASE_COLORS[box.phase]}"{" penwidth=2" if box.phase else ""}{shape}'
    )


def _edge(edge: Edge) -> str:
    color = f'color="{PHASE_COLORS[edge.phase]}"'
    lines = "<BR/>".join(f"&nbsp;{escape(line)}" for line in edge.lines)
    return f"label=<{lines}> {color}" if lines else color


def _legend() -> str:
    return " &nbsp; ".join(
        f'<FONT COLOR="{color}">{name + " only" if name else "both phases"}</FONT>'
        for name, color in PHASE_COLORS.items()
    )


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def check_dot() -> None:
    """See whether Graphviz is here.

    Raises:
        RunError: it is not; how to get it, and what does without.
    """
    if which("dot") is None:
        raise RunError(
            "pictures are laid out by Graphviz, whose program 'dot' is not on the PATH; install it"
            " (apt install graphviz, brew install graphviz), or write .html, which needs nothing,"
            " or .dot"
        )


def write_picture(path: Path | str, text: str) -> str:
    """Lay out the text of a diagram as PNG, SVG or PDF; return what ``dot`` says, if anything.

    Raises:
        RunError: Graphviz is not installed or fails, or the file cannot be written.
    """
    check_dot()
    kind = Path(path).suffix[1:].lower()
    ran = subprocess.run(
        ["dot", f"-T{kind}"], input=text.encode(), capture_output=True, check=False
    )
    said = ran.stderr.decode(errors="replace").strip()
    if ran.returncode:
        raise RunError(f"{path}: Graphviz failed ({said})")
    with writing_whole(path) as file:
        file.write(ran.stdout)
    return said
