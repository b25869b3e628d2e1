"""Diagrams as a page of HTML that needs nothing else: no program, no network."""

from html import escape

from netdef.diagram.diagram import PHASE_COLORS, Diagram
from netdef.diagram.svg import svg_text

_STYLE = """
body { margin: 1em; font: 11px Helvetica, Arial, sans-serif; }
text { text-anchor: middle; }
.edge path { fill: none; }
.edge text { text-anchor: start; font-size: 10px; }
.lit path { stroke-width: 3; }
"""
# Pointing at a box shows its edges.
_SCRIPT = """
for (const box of document.querySelectorAll(".box"))
  for (const [event, isLit] of [["mouseenter", true], ["mouseleave", false]])
    box.addEventListener(event, () => {
      for (const edge of document.querySelectorAll(".edge"))
        if ([edge.dataset.tail, edge.dataset.head].includes(box.id))
          edge.classList.toggle("lit", isLit);
    });
"""


def page_text(diagram: Diagram, rankdir: str = "TB") -> str:
    """Return a page with the diagram; ``rankdir`` is where the net goes: TB, BT, LR or RL."""
    legend = "".join(
        f'<b style="color:{color}">{name + " only" if name else "both phases"}</b> &nbsp; '
        for name, color in PHASE_COLORS.items()
        if diagram.has_both_phases
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{escape(diagram.name or "net")}</title>
<style>{_STYLE}</style>
<h2>{escape(diagram.name)}</h2>
<p>{legend}</p>
{svg_text(diagram, rankdir)}
<script>{_SCRIPT}</script>
</html>
"""
