"""Help in sections, without loading what draws boxes: the command line should answer at once."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

LOOKING = "Looking"
RULES = "Rules"
SENDING = "Sending data"
SETTING_UP = "Setting up"
PROCESSES = "The platform's processes (./run starts them all)"
_ORDER = (LOOKING, RULES, SENDING, SETTING_UP, PROCESSES)


class SectionedGroup(TyperGroup):
    """Lists its commands under the section that each was given as `rich_help_panel`."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one block of names and short descriptions per section."""
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in _ORDER}
        for name, command in self.commands.items():
            section: str = getattr(command, "rich_help_panel", SETTING_UP)
            sections[section].append((name, command.get_short_help_str(limit=200)))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
