"""Groups of commands that import a command only when it runs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from netdef.errors import did_you_mean


class LazyGroup(click.Group):
    """A group whose ``commands_by_name`` are modules of ``package``; its help imports none.

    ``device-query`` is the object ``command`` of the module ``<package>.device_query``.
    """

    def __init__(
        self, *, package: str, commands_by_name: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(**options)
        self._package, self._lines = package, commands_by_name

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name.replace("_", "-") in self._lines:
            module = import_module(f"{self._package}.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        if not ctx.resilient_parsing:  # a shell that completes a line wants no error
            ctx.fail(f"no command {cmd_name!r}{did_you_mean(cmd_name, self._lines)}")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lines.items()))
