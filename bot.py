"""The command line: builds the parts, runs them, closes them."""

from __future__ import annotations

import argparse
import asyncio
import errno
import io
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from settings import Settings

# What only one command needs is imported there: the bot must be polling in a second, and needs no rich for it.
# ruff: noqa: PLC0415

VERSION = "0.1.0"
# A link to this file in another folder is a Switchboard of its own: .env and every relative path belong to that folder.
HOME = Path(__file__).absolute().parent
CONNECT_TELEGRAM = (
    "Telegram is not connected yet: `scripts/run setup` does it step by step; "
    "or put TELEGRAM_BOT_TOKEN=... from @BotFather into .env and start again."
)
STRATEGIES = ("auto", "speed", "quality", "balanced", "cost_optimized", "redundant")
PERIODS = ("24h", "7d", "30d")
SERVICE_ACTIONS = ("install", "uninstall", "start", "stop", "status", "logs")
SUPERVISORS = ("launchd", "systemd")
# How standard output fails. What else can is translated into an error of our own where it happens.
_OUTPUT_FAILS = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 failed and said so, 2 wrong usage, 130 interrupted."""
    _open_what_is_closed()
    _replace_what_is_no_text()
    try:
        return _run_command(arguments)
    except KeyboardInterrupt:
        print(file=sys.stderr)  # what follows begins a line of its own, after the ^C
        return 130
    except Exception as error:  # noqa: BLE001  # nothing is above this that could tell of an error
        return _failed(error)


def _run_command(arguments: Sequence[str] | None) -> int:
    try:
        given = _parser().parse_args(arguments)
        os.chdir(HOME)
        command: Callable[[argparse.Namespace], int] = given.command
        return command(given)
    finally:
        sys.stdout.flush()  # here, where an error can still be said; not after everything, where it is a traceback


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bot.py",
        description="Answers every message with the best model on your own machines, in Telegram or in the terminal.",
        epilog="Exit status: 0 done, 1 failed (the reason is on standard error), 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"Switchboard {VERSION}")
    parser.set_defaults(command=_run, as_service=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        added.set_defaults(command=command)
        return added

    run = add("run", _run, "run the Telegram bot (the default); without a token, the terminal chat")
    run.add_argument("--as-service", action="store_true", help="as the system starts it: see `service`")
    add("chat", _chat, "talk in the terminal; reads lines from a pipe too")
    ask = add("ask", _ask, "answer one question: the answer goes to standard output, its receipt to standard error")
    route = add("route", _route, "show which models would answer, in which order and why, without running them")
    for command in (ask, route):
        command.add_argument(
            "text", metavar="TEXT", nargs="+", type=_question, help="the question; - for standard input"
        )
    route.add_argument("--strategy", metavar="S", type=_strategy, help=f"one of {', '.join(STRATEGIES)}")
    route.add_argument("--chat", metavar="N", type=int, help="as in this chat, which rules may name; 0: the terminal")
    _add_models(add)
    stats = add("stats", _stats, "show what the bot did: counts, success and fallback rates, times, tokens")
    stats.add_argument("--period", choices=PERIODS, default="24h", help="how far back (default: 24h)")
    for command in (ask, route, stats):
        _add_json(command)
    add("doctor", _doctor, "check everything, and say for each failure what to do")
    add("setup", _setup, "set up Telegram, the model servers and models, step by step")
    service = add("service", _service, "have the system run the bot in the background, from your login on")
    service.add_argument("action", choices=SERVICE_ACTIONS, help="what to do with it")
    service.add_argument(
        "--dry-run", choices=SUPERVISORS, help="install: only show what would be written, for launchd or for systemd"
    )
    service.add_argument("-n", "--lines", metavar="N", type=int, default=50, help="logs: how many lines (default: 50)")
    service.add_argument("-f", "--follow", action="store_true", help="logs: go on with new lines, until Ctrl-C")
    backup = add("backup", _backup, "copy the database to a file or into a folder, while the bot runs too")
    restore = add("restore", _restore, "put a backup in the database's place; what was there is kept beside it")
    for command in (backup, restore):
        command.add_argument("path", metavar="PATH", type=Path, help="seen from the folder of bot.py")
    return parser


def _add_models(add: Callable[..., argparse.ArgumentParser]) -> None:
    about = "list every model: where it is, whether it can be used now, how fast and how good it is"
    models = add("models", _models, f"{about}; load or unload one")
    actions = models.add_subparsers(title="actions", metavar="ACTION")
    listing = actions.add_parser("list", help=f"{about} (the default)")
    models.set_defaults(json=False)
    for command in (models, listing):  # it may stand before `list` and after it
        _add_json(command, default=argparse.SUPPRESS)
    for name, what, load in (
        ("load", "bring a model into memory, downloaded first where it must be; an MLX model is only downloaded", True),
        ("unload", "take a model out of memory", False),
    ):
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        action.add_argument(
            "name", metavar="NAME", nargs="+", type=_model_name, help="its id, its name, or a part of it"
        )
        action.set_defaults(command=_load_model if load else _unload_model)


def _add_json(command: argparse.ArgumentParser, default: bool | str = False) -> None:  # noqa: FBT001, FBT002  # argparse's
    command.add_argument("--json", action="store_true", default=default, help="write JSON for other programs")


def _question(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("there is no question in it")
    return os.fsencode(text).decode("utf-8", "replace")  # bytes that are no text become other characters


def _model_name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("there is no name in it")
    return os.fsencode(text).decode("utf-8", "replace")


def _strategy(text: str) -> str:
    from routing.types import RoutingStrategy

    try:
        return RoutingStrategy(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(STRATEGIES)}") from None


# --- the commands -----------------------------------------------------------------------------------------------------


def _run(given: argparse.Namespace) -> int:
    if given.as_service:
        return _run_as_service()
    settings = _settings()
    if not settings.telegram_bot_token:
        return _chat_with(settings, CONNECT_TELEGRAM)
    return _run_in_telegram(settings)


def _run_as_service() -> int:
    """Run with nobody at a terminal; an end that starting again would only repeat is one for good."""
    from dialogue.errors import TokenUnusable
    from routing.errors import InvalidConfiguration
    from service.unattended import begin_console, default_log_file, final_status
    from storage.errors import DatabaseForeign, DatabaseNewer

    begin_console()
    try:
        settings = _settings()
        _require_token(settings)
        return _run_in_telegram(replace(settings, log_file=settings.log_file or default_log_file()))
    except (InvalidConfiguration, TokenUnusable, DatabaseForeign, DatabaseNewer) as error:
        _failed(error)
        return final_status()


def _run_in_telegram(settings: Settings) -> int:
    import logs
    from service import process_lock

    _leave_out_httpx_command()
    logs.configure(settings)
    _warn_of_readers(HOME / ".env")
    with process_lock.held(settings.database_path):
        asyncio.run(_serve(settings))
    return 0


def _warn_of_readers(dotenv: Path) -> None:
    from settings import readable_by_others

    if readable_by_others(dotenv):
        logging.getLogger(__name__).warning("%s can be read by others on this machine: chmod 600 '%s'", dotenv, dotenv)


async def _serve(settings: Settings) -> None:
    from dialogue.services import open_services
    from handlers.application import run_bot

    async with open_services(settings, mends=True) as services:
        await run_bot(services, announce=_announce)


def _leave_out_httpx_command() -> None:
    """Keep httpx from loading its own command line, with click, pygments and rich, wherever these are installed."""
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # to import it is an ImportError then


def _announce(line: str) -> None:
    print(line, flush=True)


def _chat(_: argparse.Namespace) -> int:
    return _chat_with(_settings())


def _chat_with(settings: Settings, greeting: str = "") -> int:
    from terminal.chat import chat

    _log_beside_the_screen(settings)
    return chat(settings, greeting)


def _ask(given: argparse.Namespace) -> int:
    from terminal.ask import ask

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(ask(settings, _text(given), as_json=given.json))


def _route(given: argparse.Namespace) -> int:
    from terminal.route import route

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(route(settings, _text(given), given.strategy, given.chat, as_json=given.json))


def _models(given: argparse.Namespace) -> int:
    from terminal.models import models

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(models(settings, as_json=given.json))


def _load_model(given: argparse.Namespace) -> int:
    from terminal.model_loading import load_model

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(load_model(settings, " ".join(given.name)))


def _unload_model(given: argparse.Namespace) -> int:
    from terminal.model_loading import unload_model

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(unload_model(settings, " ".join(given.name)))


def _stats(given: argparse.Namespace) -> int:
    from terminal.stats import stats

    settings = _settings()
    _log_beside_the_screen(settings)
    return asyncio.run(stats(settings, given.period, as_json=given.json))


def _doctor(_: argparse.Namespace) -> int:
    from handlers.token_check import check_token
    from terminal.doctor import doctor

    logging.basicConfig(level=logging.CRITICAL)  # what the log would say, the doctor does
    return asyncio.run(doctor(HOME, check_token))


def _setup(_: argparse.Namespace) -> int:
    from handlers.token_check import check_token
    from terminal.setup import setup

    logging.basicConfig(level=logging.CRITICAL)
    return setup(HOME, check_token)


def _backup(given: argparse.Namespace) -> int:
    from terminal.backup import backup

    settings = _settings()
    _log_beside_the_screen(settings)
    return backup(settings, given.path)


def _restore(given: argparse.Namespace) -> int:
    from service import process_lock
    from terminal.backup import restore

    settings = _settings()
    _log_beside_the_screen(settings)
    with process_lock.held(settings.database_path):
        return restore(settings, given.path)


def _service(given: argparse.Namespace) -> int:
    from service.command import Service, logs_of, show_logs
    from service.job import job_in
    from service.supervisor import draft, supervisor_of

    if given.dry_run:
        print(draft(given.dry_run, HOME), end="")
        return 0
    job = job_in(HOME)
    if given.action == "logs":
        return show_logs(logs_of(job, _settings_of_service().log_file, _announce), given.lines, follow=given.follow)
    service = Service(supervisor_of(), job, _announce)
    if given.action == "install":
        _check_settings_of_service()
    status: int = getattr(service, given.action)()
    return status


def _check_settings_of_service() -> None:
    """Refuse what no service could start with. Raises InvalidConfiguration, TokenUnusable."""
    here, there = _settings(), _settings_of_service()
    _require_token(there)
    if differing := [name.upper() for name in there.__slots__ if getattr(here, name) != getattr(there, name)]:
        _announce(f"Set in this terminal alone, where no service sees it: {', '.join(differing)}. Put it into .env.")


# --- what they share --------------------------------------------------------------------------------------------------


def _settings() -> Settings:
    from settings import Settings

    return Settings.load(dotenv=HOME / ".env")


def _settings_of_service() -> Settings:
    """Read what a service has: .env, and nothing of the environment of whoever installs it."""
    from settings import Settings

    return Settings.load(environ={}, dotenv=HOME / ".env")


def _require_token(settings: Settings) -> None:
    from dialogue.errors import TokenUnusable

    if not settings.telegram_bot_token:
        raise TokenUnusable(CONNECT_TELEGRAM)


def _log_beside_the_screen(settings: Settings) -> None:
    """Keep log lines out of what is shown in a terminal, unless they have a file or were asked for."""
    import logs

    if settings.log_file is None and settings.log_level != "debug":
        settings = replace(settings, log_level="critical")
    logs.configure(settings)


def _text(given: argparse.Namespace) -> str:
    """Take the question from where it is. Raises SystemExit, status 1, when standard input holds none."""
    text = sys.stdin.read() if given.text == ["-"] else " ".join(given.text)
    if not text.strip():
        raise SystemExit("There is no question on standard input.")
    return text


def _open_what_is_closed() -> None:
    """Let who starts this without one of the three streams read nothing there, or write into nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # as long as the process


def _replace_what_is_no_text() -> None:
    """Let bytes that are no text, and characters that a terminal lacks, become other characters instead of errors."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _failed(error: Exception) -> int:
    """Say what went wrong: our own errors are sentences, any other is a bug, whose traceback is for the log."""
    from dialogue.errors import DeafToTelegram, TokenUnusable
    from routing.errors import RoutingError
    from service.errors import ServiceError
    from storage.errors import StorageError

    if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_FAILS:
        _output_failed(error)
    elif isinstance(error, RoutingError | ServiceError | StorageError | DeafToTelegram | TokenUnusable):
        print(error, file=sys.stderr)
    else:
        logging.getLogger(__name__).critical("ended by a fault of its own", exc_info=error)
        print("Something went wrong that should not have; the log has the details.", file=sys.stderr)
    return 1


def _output_failed(error: OSError) -> None:
    """Say why the output is cut; whoever closed the pipe has seen enough, and is told nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still held back goes there
    if not isinstance(error, BrokenPipeError):
        print(f"The output could not be written: {error.strerror}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
