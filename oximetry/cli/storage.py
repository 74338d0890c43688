"""``storage``: whether the configured store works, in six steps, and what to do where it does not."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import click

from oximetry.cli.common import REFUSED, Commands, in_words, language_option, sentence
from oximetry.cli.storage_migrate import migrate_storage
from oximetry.cli.storage_sync import sync
from oximetry.domain.errors import OximetryError, StorageRefused, StorageUnavailable

if TYPE_CHECKING:
    from oximetry.domain.ports import ObjectStore
    from oximetry.web.i18n import Words

FETCH_TIMEOUT_S = 4.0


@click.group(cls=Commands)
def storage() -> None:
    """The object store."""


storage.add_command(sync)
storage.add_command(migrate_storage)


class _WithProviders(click.Command):
    """A command whose help ends with the settings of each provider."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The providers as they describe themselves."""
        from oximetry.adapters.stores.providers_page import providers_help

        with formatter.section("Providers (STORAGE_PROVIDER) and their settings"):
            formatter.write_dl(providers_help())


@storage.command(cls=_WithProviders)
@language_option
@click.pass_context
def check(context: click.Context, language: str) -> None:
    """Try settings, connection, write, list, read and a signed URL; nothing is left behind."""
    if not store_works(in_words(language)):
        context.exit(REFUSED)


def store_works(say: Words) -> bool:
    """Try the configured store, one line for each step with provider, host and bucket; whether all went well."""
    from oximetry.services.storage.storage_check import Step, check_storage

    place = _Place(say)
    for done, checked in enumerate(check_storage(place.open, _fetched), start=1):
        step = say(f"storage_step.{checked.step.value}")
        name = f"{done}/{len(Step)} {place}{step}"
        if checked.error is not None:
            click.echo(f"{name}: {sentence(say, checked.error)}", err=True)
            click.echo(f"    {_advice(say, checked.error)}", err=True)
            return False
        click.echo(f"{name}: {say('storage_step.ok')}")
    return True


class _Place:
    """The configured store's provider, host and bucket, known once its settings were read."""

    def __init__(self, say: Words) -> None:
        self._say = say
        self._name = ""

    def __str__(self) -> str:
        """In front of each line; empty before the settings were read."""
        return self._name

    def open(self) -> ObjectStore:
        """The store; names keys of other providers that are set and not used."""
        from oximetry.adapters.stores.build import StoreOptions, build_store
        from oximetry.settings import Settings

        settings = Settings.load()
        self._name = f"{settings.provider} {settings.storage_place()} · "
        for setting in settings.unused_keys():
            click.echo(self._say("storage_check.unused", setting=setting, provider=settings.provider), err=True)
        return build_store(StoreOptions(**settings.store_values(patience="check")))


def _fetched(store: ObjectStore, url: str) -> bytes:
    """What a browser gets; the local store's URLs are on our own host, which need not be running for this."""
    from oximetry.adapters.stores.local_store import LocalStore

    parts = urlsplit(url)
    if isinstance(store, LocalStore):
        return store.open_signed(unquote(parts.path).removeprefix("/files/"), dict(parse_qsl(parts.query))).content
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_S) as answer:  # noqa: S310 - the store's own https URL
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise StorageRefused("storage_url_refused", status=error.code) from None
    except OSError as error:
        raise StorageUnavailable from error


def _advice(say: Words, error: OximetryError) -> str:
    known = say(f"advice.{error.reason}")
    return known if known != f"advice.{error.reason}" else say("advice.storage_unavailable")
