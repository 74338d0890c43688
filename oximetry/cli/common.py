"""What the commands share: the reader's language, errors in words, built services."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from oximetry.domain.errors import ConfigurationError, InvalidUpload, OximetryError, RenderingUnavailable

if TYPE_CHECKING:
    from oximetry.composition import Services
    from oximetry.web.i18n import Words

logger = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])

REFUSED = 1
WRONG_USAGE = 2
MAX_FILE_BYTES = 100 * 1024 * 1024  # the most that UPLOAD_MAX_FILE_MB may allow

_LANGUAGES = ("ro", "en")
_LANGUAGE = "oximetry.language"


class Commands(click.Group):
    """A group whose commands may raise ``OximetryError``: one line on stderr, never a trace."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; exit 2 for a setting that is missing or wrong, 1 for everything else."""
        try:
            return super().invoke(context)
        except OximetryError as error:
            say = in_words(context.meta.get(_LANGUAGE, _LANGUAGES[0]))
            click.echo(sentence(say, error), err=True)
            context.exit(WRONG_USAGE if isinstance(error, ConfigurationError) else REFUSED)


def language_option(command: Command) -> Command:
    """Give a command ``--language`` and, as its parameter ``language``, the language to answer in."""
    return click.option(
        "--language",
        metavar="ro|en",
        envvar=("LC_ALL", "LC_MESSAGES", "LANG"),
        default=_LANGUAGES[0],
        callback=_known_language,
        help="Language of the answers; that of the shell without it, else Romanian.",
    )(command)


def in_words(language: str) -> Words:
    """The words of a language, read only when something is said."""
    from oximetry.web.i18n import words

    return words(language)


def sentence(say: Words, error: OximetryError) -> str:
    """An error in one line; a setting's error names the setting."""
    if isinstance(error, ConfigurationError):
        setting = error.details.get("setting") or error.details.get("name") or error.reason
        text = say("cli.configuration", setting=setting, problem=error.details.get("problem", error.reason))
    else:
        text = say.error(error)
    return " ".join(text.split())


def refuse(say: Words, filename: str, error: OximetryError) -> None:
    """One line on stderr about a file that was not taken."""
    click.echo(f"{filename}: {sentence(say, error)}", err=True)


def read_file(path: Path) -> bytes:
    """A file's content; raises ``InvalidUpload`` for one that is absent, no plain file, unreadable or far too large."""
    try:
        if not path.is_file():
            raise InvalidUpload("file_unreadable")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidUpload("file_too_large", limit_mb=MAX_FILE_BYTES // (1024 * 1024))
        return path.read_bytes()
    except OSError as error:
        raise InvalidUpload("file_unreadable") from error


@contextmanager
def opened_services(*, patient: bool = False) -> Iterator[Services]:
    """Services of the configured platform, its database checked (and waited for, with patience); closed at the end."""
    services = built_services()
    try:
        if patient:
            services.catalogue.wait_until_alive()
        services.catalogue.check()
        yield services
    finally:
        with suppress(RenderingUnavailable):
            services.close()


def built_services() -> Services:
    """The same without a look at the database; raises ``ConfigurationError`` for a folder that cannot be used."""
    from oximetry.composition import create_services
    from oximetry.settings import Settings

    settings = Settings.load()
    try:
        return create_services(settings, interactive=False)
    except OSError as error:
        raise ConfigurationError(setting="DATA_DIR", problem=error.strerror or type(error).__name__) from error


def _known_language(context: click.Context, parameter: click.Parameter, value: str) -> str:
    language = value.replace("-", "_").partition("_")[0].lower()
    if language not in _LANGUAGES:
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE:
            raise click.BadParameter(f"{value!r} is not one of {', '.join(_LANGUAGES)}")
        language = _LANGUAGES[0]
    context.meta[_LANGUAGE] = language
    return language
