"""Texts with placeholders in braces: what a doctor writes once and every night fills in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from oximetry.domain.errors import TemplateRefused

LONGEST_TEMPLATE = 4000
LONGEST_NAME = 80

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text to begin with.

    Attributes
    ----------
    doctor_id : str or None
        Whose it is; ``None``: the clinic's, for all.
    """

    id: str
    doctor_id: str | None
    name: str
    language: str
    text: str


def placeholders(text: str) -> frozenset[str]:
    """The names in a text; raises ``TemplateRefused`` for a brace that does not close or holds no name."""
    return frozenset(part for part, is_name in _parts(text) if is_name)


def check(text: str, known: Mapping[str, object] | frozenset[str]) -> None:
    """Raise ``TemplateRefused`` for an unclosed placeholder, or one that nothing fills in, with its name."""
    for name in sorted(placeholders(text)):
        if name not in known:
            raise TemplateRefused("placeholder_unknown", name=name)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; ``{{`` and ``}}`` are braces that stay. Raises as `check`."""
    check(text, frozenset(values))
    return "".join(values[part] if is_name else part for part, is_name in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Plain parts and names in turn."""
    position = 0
    while position < len(text):
        sign = text[position]
        if text.startswith(("{{", "}}"), position):
            yield sign, False
            position += 2
        elif sign == "{":
            end = text.find("}", position)
            name = text[position + 1 : end] if end > 0 else text[position + 1 :]
            if end < 0 or "{" in name or "\n" in name:
                raise TemplateRefused("placeholder_unclosed", name=name[:40].strip())
            if not _NAME.fullmatch(name.strip()):
                raise TemplateRefused("placeholder_unknown", name=name[:40].strip())
            yield name.strip(), True
            position = end + 1
        elif sign == "}":
            raise TemplateRefused("placeholder_unclosed", name=text[max(0, position - 20) : position].strip())
        else:
            end = min((found for found in (text.find("{", position), text.find("}", position)) if found >= 0),
                      default=len(text))  # fmt: skip
            yield text[position:end], False
            position = end
