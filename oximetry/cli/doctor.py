"""``doctor create`` and ``doctor password``: accounts, made by whoever runs the platform."""

from __future__ import annotations

import sys

import click

from oximetry.cli.common import REFUSED, WRONG_USAGE, Commands, in_words, language_option, opened_services
from oximetry.domain.records import Role

_generate = click.option("--generate", is_flag=True, help="Make up a password and print it once.")


@click.group(cls=Commands)
def doctor() -> None:
    """Doctors' accounts."""


@doctor.command()
@click.argument("email")
@click.option("--admin", is_flag=True, help="An administrator: sees storage, never patients.")
@_generate
@click.option("--if-absent", is_flag=True, help="An account that exists already is left as it is.")
@click.option("--development-only", is_flag=True, help="Do nothing when APP_ENV=production.")
@language_option
@click.pass_context
def create(
    context: click.Context,
    email: str,
    admin: bool,
    generate: bool,
    if_absent: bool,
    development_only: bool,
    language: str,
) -> None:
    """A new account for EMAIL; the password is asked for, or made up and printed once."""
    say = in_words(language)
    with opened_services() as services:
        accounts = services.accounts
        if development_only and services.settings.production:
            return
        if if_absent and accounts.find(email) is not None:
            click.echo(say("cli.doctor.exists", email=email))
            return
        password, shown = _password(context, generate, language)
        accounts.create(email, password, Role.ADMINISTRATOR if admin else Role.DOCTOR, temporary=shown)
    click.echo(say("cli.doctor.created", email=email))
    if shown:
        click.echo(say("cli.doctor.password_once", password=password))


@doctor.command("password")
@click.argument("email")
@_generate
@language_option
@click.pass_context
def change_password(context: click.Context, email: str, generate: bool, language: str) -> None:
    """A new password for EMAIL; every session of the account ends."""
    say = in_words(language)
    with opened_services() as services:
        account = services.accounts.find(email)
        if account is None:
            click.echo(say("cli.unknown_doctor", email=email), err=True)
            context.exit(WRONG_USAGE)
        password, shown = _password(context, generate, language)
        services.accounts.set_password(account.id, password, temporary=shown)
    click.echo(say("cli.doctor.password_changed", email=email))
    if shown:
        click.echo(say("cli.doctor.password_once", password=password))


@doctor.command("disable")
@click.argument("email")
@language_option
@click.pass_context
def disable(context: click.Context, email: str, language: str) -> None:
    """Nobody signs in as EMAIL any more; every session of the account ends at once."""
    _set_disabled(context, email, language, disabled=True)


@doctor.command("enable")
@click.argument("email")
@language_option
@click.pass_context
def enable(context: click.Context, email: str, language: str) -> None:
    """EMAIL can sign in again."""
    _set_disabled(context, email, language, disabled=False)


@doctor.command("invite")
@click.argument("email")
@click.option("--admin", is_flag=True, help="An administrator: sees storage and accounts, never patients.")
@language_option
def invite(email: str, admin: bool, language: str) -> None:
    """Print the address at which EMAIL makes an account with a password of their own; good once, for a week."""
    with opened_services() as services:
        link = services.account_links.invite(email, Role.ADMINISTRATOR if admin else Role.DOCTOR)
    click.echo(in_words(language)("cli.doctor.invited", email=email, link=link))


@doctor.command("reset-link")
@click.argument("email")
@language_option
def reset_link(email: str, language: str) -> None:
    """Print the address at which EMAIL takes a new password; good once, for a day."""
    with opened_services() as services:
        link = services.account_links.reset(email)
    click.echo(in_words(language)("cli.doctor.reset_link", email=email, link=link))


@doctor.command("unlock")
@click.argument("email")
@language_option
def unlock(email: str, language: str) -> None:
    """Let nothing that was tried for EMAIL count any more."""
    with opened_services() as services:
        count = services.accounts.unlock(email)
    click.echo(in_words(language)("cli.doctor.unlocked", email=email, count=count))


@doctor.command("second-factor-off")
@click.argument("email")
@language_option
@click.pass_context
def second_factor_off(context: click.Context, email: str, language: str) -> None:
    """For EMAIL, who lost app and recovery codes, the password alone is enough again; every session ends."""
    say = in_words(language)
    with opened_services() as services:
        account = services.accounts.find(email)
        if account is None:
            click.echo(say("cli.unknown_doctor", email=email), err=True)
            context.exit(WRONG_USAGE)
        services.second_factors.switch_off(account.id)
    click.echo(say("cli.doctor.second_factor_off", email=email))


@doctor.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@language_option
@click.pass_context
def erase(context: click.Context, email: str, yes: bool, language: str) -> None:
    """Remove everything about the owner of EMAIL, for good; patients come first. Acts stay, under a pseudonym."""
    say = in_words(language)
    with opened_services() as services:
        account = services.accounts.find(email)
        if account is None:
            click.echo(say("cli.unknown_doctor", email=email), err=True)
            context.exit(WRONG_USAGE)
        if not yes and click.prompt(say("cli.doctor.type_the_email"), type=str).lower() != account.email:
            click.echo(say("error.erase_not_confirmed"), err=True)
            context.exit(REFUSED)
        erasure = services.account_erasure.erase(account.id)
        services.runner.run_one(("erase_objects",))
        done = services.erasure.get(erasure.id)
    for table, count in sorted(erasure.counts.items()):
        click.echo(f"{table}: {count}")
    finished = done is not None and done.finished_at is not None
    click.echo(say("patient_command.erased") if finished else say("patient_command.erased_later"))
    click.echo(say("patient_command.backups"))


def _set_disabled(context: click.Context, email: str, language: str, *, disabled: bool) -> None:
    say = in_words(language)
    with opened_services() as services:
        account = services.accounts.find(email)
        if account is None:
            click.echo(say("cli.unknown_doctor", email=email), err=True)
            context.exit(WRONG_USAGE)
        services.accounts.disable(account.id) if disabled else services.accounts.enable(account.id)
    click.echo(say("cli.doctor.disabled", email=email) if disabled else say("cli.doctor.enabled", email=email))


def _password(context: click.Context, generate: bool, language: str) -> tuple[str, bool]:
    """A password, and whether it was made up and must be shown."""
    from oximetry.services.accounts.accounts import generate_password

    if generate or not _at_a_terminal():
        return generate_password(), True
    say = in_words(language)
    first = click.prompt(say("cli.doctor.password"), hide_input=True, type=str)
    if click.prompt(say("cli.doctor.password_again"), hide_input=True, type=str) != first:
        click.echo(say("cli.doctor.passwords_differ"), err=True)
        context.exit(REFUSED)
    return str(first), False


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()
