"""The user's guide and ``--help`` tell of the same commands and options."""

import re
import shlex
from pathlib import Path

import click
import pytest

from netdef.tools import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (
    "index.md", "getting_started.md", "walkthrough.md", "gpu.md", "training.md", "data.md",
    "zoo.md", "finetuning.md", "commands.md",
)  # fmt: skip


def commands(group: click.Group, name: str) -> dict[str, click.Command]:
    """Return all commands below a group that run something, by their full names."""
    found: dict[str, click.Command] = {}
    context = click.Context(group, info_name=name)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        if isinstance(command, click.Group):
            found |= commands(command, f"{name} {each}")
        else:
            assert command
            found[f"{name} {each}"] = command
    return found


COMMANDS = commands(cli.netdef, "netdef")


def sections() -> dict[str, str]:
    """Return the text under each heading of commands.md that is a command."""
    parts = re.split(r"^## (netdef .+)$", (DOCS / "commands.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def written_commands() -> list[str]:
    """Return the commands that the pages show."""
    texts = [(DOCS / page).read_text() for page in PAGES]
    return [line for text in texts for line in re.findall(r"^    (netdef .+)$", text, re.MULTILINE)]


def test_every_command_has_its_section_and_no_other():
    assert list(sections()) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_and_no_other(name):
    rows = re.findall(r"^\| `(--[a-z0-9-]+)( [^`]+)?` \|", sections()[name], re.MULTILINE)
    options = [p for p in COMMANDS[name].params if isinstance(p, click.Option)]
    assert {option for option, _ in rows} == {o.opts[0] for o in options}
    assert {option for option, value in rows if not value} == {
        o.opts[0] for o in options if o.is_flag
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_means(name):
    for option in COMMANDS[name].params:
        if isinstance(option, click.Option):
            assert option.help and option.help.rstrip(")").endswith((".", "\b"))


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_and_needs_are_told(name):
    section = sections()[name]
    for option in COMMANDS[name].params:
        row = re.search(rf"^\| `{option.opts[0]}.*", section, re.MULTILINE)
        if isinstance(option, click.Option) and option.required:
            assert row and row[0].endswith(" Needed. |")
        if isinstance(option, click.Option) and option.show_default:
            assert row and str(option.default) in row[0]


def test_arguments_are_shown():
    for name, command in COMMANDS.items():
        arguments = [p.make_metavar(click.Context(command)) for p in command.params
                     if isinstance(p, click.Argument)]  # fmt: skip
        if arguments:
            line = rf"^    {name} (.* )?{re.escape(' '.join(arguments))}$"
            assert re.search(line, sections()[name], re.MULTILINE)


@pytest.mark.parametrize("line", sorted(set(written_commands())))
def test_a_command_that_is_shown_can_be_parsed(line):
    name, command = next((n, c) for n, c in COMMANDS.items() if f"{line} ".startswith(f"{n} "))
    arguments = shlex.split(line.removeprefix(name))
    command.make_context(name, arguments)


def test_the_readme_shows_commands_that_are_there():
    readme = (DOCS.parent / "README.md").read_text()
    for line in re.findall(r"^    (?:.* && )?(netdef .+)$", readme, re.MULTILINE):
        assert line.startswith(tuple(COMMANDS))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", (DOCS / page).read_text()):
        name, _, heading = target.partition("#")
        assert (DOCS / name).exists()
        assert not heading or heading in anchors(DOCS / name)


def anchors(page: Path) -> set[str]:
    """Return what leads to each heading of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


def test_the_files_that_are_named_are_there():
    text = (DOCS / "getting_started.md").read_text()
    for name in re.findall(r"configs/\S+\.prototxt", text):
        assert (DOCS.parent / name).is_file()
