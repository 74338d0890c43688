"""What each storage provider needs: ``docs/storage-providers.md`` and the help of ``storage check``.

Run as a module it writes the page.
"""

from __future__ import annotations

import sys

from oximetry.adapters.stores.provider import StoreProvider
from oximetry.adapters.stores.providers import PROVIDERS

_HEAD = """# Storage providers

Written by `python -m oximetry.adapters.stores.providers_page > docs/storage-providers.md`; a test compares the two.
`STORAGE_PROVIDER` names the active one; without it the one flag that is set chooses, and without a flag it is `local`.
Two flags without a name stop the start. Credentials of other providers may be present. Every endpoint must be https,
except on the loopback. `python -m oximetry storage check` tries the configured one.
"""


def providers_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_section(kind) for kind in PROVIDERS.values())


def providers_help() -> list[tuple[str, str]]:
    """Provider and the names of its settings, a row each."""
    return [(name, " ".join(kind.setting(field) for field in kind.model_fields)) for name, kind in PROVIDERS.items()]


def _section(kind: type[StoreProvider]) -> str:
    rows = [
        f"| `{kind.setting(name)}` | {_default(kind, name)} | {info.description} |"
        for name, info in kind.model_fields.items()
    ]
    head = "| setting | default | meaning |\n|---|---|---|\n"
    return f"\n## `{kind.name}`: {kind.title}\n\n{head}" + "\n".join(rows) + "\n"


def _default(kind: type[StoreProvider], name: str) -> str:
    default = kind.model_construct().value(name)
    return f"`{default}`" if default else "–"


if __name__ == "__main__":
    sys.stdout.write(providers_page())
