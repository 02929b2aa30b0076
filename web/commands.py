"""Commands for operators, such as `flask --app web.wsgi keys list`, on the machine where the service runs."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from redis.exceptions import RedisError

from store.addresses import network_of
from store.api_keys import JOBS, OVERLAP_SECONDS, SCOPES, ApiKey
from web.services import services

_ACTOR = "cli"
_PAGE = 100
_DAY_MS = 86_400_000

keys = AppGroup("keys", help="Make, list, rotate and revoke API keys.")
audit = AppGroup("audit", help="Who made and revoked keys, erased, and blocked addresses.")


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (keys, audit, block, unblock):
        app.cli.add_command(command)


def _needs_redis(command: Callable[..., None]) -> Callable[..., None]:
    """A sentence instead of a stack trace when Redis is away."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except RedisError as error:
            raise click.ClickException(
                "Redis does not answer. Is the service running? Start it, and try again."
            ) from error

    return wrapped


def _moment(ms: int | None, none: str) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if ms else none


def _known(key_id: str) -> ApiKey:
    key = services().api_keys.get(key_id)
    if key is None:
        raise click.ClickException(f"There is no key {key_id}. `flask --app web.wsgi keys list` shows all.")
    return key


def _show_once(plain: str, told: str) -> None:
    """The key alone goes to standard output, so that it can be piped to where it belongs."""
    click.echo(told, err=True)
    click.echo(plain)


@keys.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), default=[JOBS], show_default=True)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="How long it is good for.  [default: always]")
@_needs_redis
def create_key(name: str, scopes: tuple[str, ...], days: float | None) -> None:
    """Make a key called NAME, and show it this once."""
    expires_at = round(time.time() * 1000 + days * _DAY_MS) if days else None
    key, plain = services().api_keys.create(name=name, scopes=scopes, expires_at=expires_at, actor=_ACTOR)
    _show_once(plain, f"{key.id} was made. This is the key; it is not shown again:")


@keys.command("list")
@_needs_redis
def list_keys() -> None:
    """Show all keys, oldest first. Those of API_KEYS are there once the service has started."""
    rows = [("ID", "SCOPES", "CREATED", "LAST USED", "EXPIRES", "NAME")]
    cursor = None
    while True:
        page, cursor = services().api_keys.list(limit=_PAGE, cursor=cursor)
        for key in page:
            times = (_moment(key.created_at, "-"), _moment(key.last_used_at, "never"), _moment(key.expires_at, "never"))
            rows.append((key.id, ",".join(key.scopes), *times, key.name))
        if cursor is None:
            break
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@keys.command("rotate")
@click.argument("key_id")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(min=0),
    default=OVERLAP_SECONDS / 3600,
    show_default=True,
    help="For so long the old secret is good too; 0 if somebody else may know it.",
)
@_needs_redis
def rotate_key(key_id: str, overlap_hours: float) -> None:
    """Give a key a new secret, shown this once. Its id, sessions and limits stay."""
    _known(key_id)
    plain = services().api_keys.rotate(key_id, overlap_seconds=round(overlap_hours * 3600), actor=_ACTOR)
    if plain is None:
        raise click.ClickException(f"{key_id} was revoked just now.")
    _show_once(plain, f"This is the new key; the old one is good for {overlap_hours:g} h yet:")


@keys.command("revoke")
@click.argument("key_id")
@_needs_redis
def revoke_key(key_id: str) -> None:
    """Revoke a key at once: its streams end, its jobs are cancelled, its webhooks are given up."""
    services().api_keys.revoke(_known(key_id).id, actor=_ACTOR)
    click.echo(f"{key_id} is revoked. Jobs cancelled: {services().revocations.cancel_jobs(key_id)}.")


@click.command("block")
@click.argument("address")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="For how long.  [default: until unblocked]")
@with_appcontext
@_needs_redis
def block(address: str, hours: float | None) -> None:
    """Refuse all requests from an address from now on (an IPv6 address stands for its /64)."""
    network = _network(address)
    services().addresses.block(network, hours=hours, actor=_ACTOR)
    until = f"for {hours:g} h" if hours else f"until `flask --app web.wsgi unblock {address}`"
    click.echo(f"{network} is blocked {until}.")


@click.command("unblock")
@click.argument("address")
@with_appcontext
@_needs_redis
def unblock(address: str) -> None:
    """Answer requests from an address again."""
    network = _network(address)
    done = services().addresses.unblock(network, actor=_ACTOR)
    click.echo(f"{network} is no longer blocked." if done else f"{network} was not blocked.")


def _network(address: str) -> str:
    bare = address.removesuffix("/64")
    try:
        ipaddress.ip_address(bare)
    except ValueError as error:
        raise click.BadParameter(f"{address} is no IP address.", param_hint="ADDRESS") from error
    return network_of(bare)


@audit.command("tail")
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many entries.")
@_needs_redis
def tail(count: int) -> None:
    """Print the last entries as JSON lines, the newest last."""
    for entry in services().audit.tail(count):
        click.echo(json.dumps({**entry, "at": _moment(int(entry["at"]), "-")}))
