"""``netdef weights rename``: other names for layers."""

import click

from netdef.tools import options, weight_options


@click.command("rename", cls=options.Command)
@click.argument("weights", metavar="W")
@click.argument("rules", nargs=-1, required=True, metavar="OLD=NEW...")
@weight_options.out
@click.option(
    "--regex", is_flag=True, help=r"OLD is a regular expression, and NEW has \1 for its groups."
)
def command(weights: str, rules: tuple[str, ...], out: str, regex: bool) -> None:
    """Write the weights W with other names for layers; all else stays as it is.

    In OLD, * is any text, and in NEW the same text.
    """
    from netdef.io.weights import read_weights
    from netdef.io.weights_editing import edit_weights
    from netdef.weight_files.renaming import new_names, parse_rule

    parsed = [parse_rule(rule, regex) for rule in rules]
    found = new_names(list(read_weights(weights)), parsed)
    edit_weights(weights, out, found.__getitem__)
    changed = {old: new for old, new in found.items() if old != new}
    for old, new in changed.items():
        click.echo(f"{old} -> {new}")
    click.echo(f"Wrote {out}: {len(changed)} of {len(found)} layers renamed")
