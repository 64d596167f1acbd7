"""The `reception` command: parses, calls, prints."""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from reception.app import audit, calendar, demo, hub, key_commands, logs, serve, setup, tokens, web
from reception.app.keys import secret_files
from reception.app.recordings import compare, signed_by
from reception.app.rehearse import rehearse
from reception.domain.codes import ROLES_OF_PEOPLE, Role
from reception.domain.refusals import SENTENCES, sentence
from reception.settings import SettingRefused, Settings, from_environment
from recordings.integrity import IsSigned, Verification, verify
from scheduler.rules import RestPolicy

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 found something wrong, 2 refused)."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except SettingRefused as refusal:
        print(f"setting_refused: {refusal}", file=sys.stderr)
        return 2
    except Exception as refusal:
        code = getattr(refusal, "code", None)
        if (
            not isinstance(code, str) or code not in SENTENCES
        ):  # not a refusal of ours: the traceback is wanted
            raise
        details = getattr(refusal, "details", {})
        print(f"{code}: {sentence(code, 'zh', details)}", file=sys.stderr)
        print(f"{code}: {sentence(code, 'en', details)}", file=sys.stderr)
        return 2


# -- commands ---------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    settings = serve.with_ports(_settings(options))
    asyncio.run(_prepare_and_serve(settings))
    return 0


async def _prepare_and_serve(settings: Settings) -> None:
    await serve.prepare(settings)
    await serve.serve(settings, ready=lambda: print(f"{settings.base_url}", flush=True))


def _demo(options: argparse.Namespace) -> int:
    # A demo is for trying: nobody has to set an authenticator up first.
    settings = replace(serve.with_ports(_settings(options)), second_factor="offered")
    asyncio.run(_make_and_serve_demo(settings))
    return 0


async def _make_and_serve_demo(settings: Settings) -> None:
    made = await demo.make_demo(settings)
    await serve.serve(settings, ready=lambda: print(made.text(), flush=True))


def _web(options: argparse.Namespace) -> int:
    settings = _settings(options)
    asyncio.run(web.run_web(settings, options.hub_socket))
    return 0


def _hub(options: argparse.Namespace) -> int:
    settings = _settings(options)
    asyncio.run(hub.run_hub(settings, options.hub_socket, options.recording_key))
    return 0


def _db_upgrade(options: argparse.Namespace) -> int:
    asyncio.run(serve.prepare(_settings(options)))
    print("database is at the schema of this version")
    return 0


def _token_create(options: argparse.Namespace) -> int:
    settings = _settings(options)
    print(asyncio.run(tokens.create(settings, options.name, Role(options.role), options.area)))
    return 0


def _account_create(options: argparse.Namespace) -> int:
    wish = setup.NewAccount(
        login=options.login,
        name=options.name,
        role=Role(options.role),
        area_code=options.area,
        organ_id=options.organ,
        leader_id=options.leader,
        password=sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None,
    )
    print(asyncio.run(setup.create_account(_settings(options), wish)))
    return 0


def _kiosk_create(options: argparse.Namespace) -> int:
    print(asyncio.run(setup.create_kiosk(_settings(options), options.site, options.name)))
    return 0


def _kiosk_code(options: argparse.Namespace) -> int:
    print(asyncio.run(setup.kiosk_code(_settings(options), options.kiosk)))
    return 0


def _area_import(options: argparse.Namespace) -> int:
    try:
        content = options.file.read_bytes()
    except OSError:
        print(
            f"file_unreadable: 读不到文件 {options.file}。请检查路径和权限。\n"
            f"file_unreadable: {options.file} cannot be read. Check its path and permissions.",
            file=sys.stderr,
        )
        return 2
    text, is_whole = asyncio.run(setup.import_areas(_settings(options), content))
    print(text)
    return 0 if is_whole else 1


def _audit_verify(options: argparse.Namespace) -> int:
    verdict = asyncio.run(audit.verify(_settings(options), options.checkpoints))
    if options.json:
        _print_json(audit.as_json(verdict))
    else:
        print(audit.as_text(verdict))
    return 0 if verdict.ok else 1


def _audit_checkpoint(options: argparse.Namespace) -> int:
    found = asyncio.run(audit.newest_checkpoint(_settings(options)))
    if found is None:
        print("the audit log is empty: there is nothing to sign", file=sys.stderr)
        return 1
    note, key = found
    print(note)
    print(f"key {key}", file=sys.stderr)
    return 0


def _calendar_preview(options: argparse.Namespace) -> int:
    days = calendar.preview(
        options.rule,
        on_weekend=RestPolicy(options.on_weekend),
        on_holiday=RestPolicy(options.on_holiday),
        first=options.first,
        last=options.last,
    )
    if options.json:
        _print_json([calendar.as_json(day) for day in days])
    else:
        for day in days:
            print(calendar.as_text(day))
    return 0


def _deadline(options: argparse.Namespace) -> int:
    due = calendar.deadline(options.id, options.start)
    if options.json:
        _print_json(due)
    else:
        print(f"due_strict {due['due_strict']}  due_legal {due['due_legal']}")
    return 0


def _signed_by(settings: Settings) -> IsSigned | None:
    return signed_by(settings.data, secret_files(settings))


def _recording_verify(options: argparse.Namespace) -> int:
    directory = Path(options.recording)
    if not directory.is_dir():
        directory = _settings(options).recordings / options.recording
    found = verify(directory, is_signed=_signed_by(_settings(options)))
    if options.json:
        _print_json(_verified(found))
    else:
        print(
            f"{'ok' if found.ok else 'DAMAGED'}  {found.segments} segments  {found.seconds:.1f} s"
        )
        for problem in found.problems:
            print(f"  {problem.code}  line {problem.line}  {problem.detail}")
    return 0 if found.ok else 1


def _recording_compare(options: argparse.Namespace) -> int:
    found = asyncio.run(compare(_settings(options)))
    if options.json:
        _print_json({"ok": not found, "differences": [dataclasses.asdict(one) for one in found]})
    else:
        print("\n".join(one.as_text() for one in found) or "ok")
    return 1 if found else 0


def _keys_list(options: argparse.Namespace) -> int:
    print(asyncio.run(key_commands.listed(_settings(options))))
    return 0


def _keys_rotate(options: argparse.Namespace) -> int:
    print(asyncio.run(key_commands.rotate(_settings(options))))
    return 0


def _keys_reseal(options: argparse.Namespace) -> int:
    print(asyncio.run(key_commands.reseal(_settings(options), told=print)))
    return 0


def _keys_retire(options: argparse.Namespace) -> int:
    print(asyncio.run(key_commands.retire(_settings(options), options.version)))
    return 0


def _keys_recordings(options: argparse.Namespace) -> int:
    print(key_commands.new_recording_key(_settings(options)))
    return 0


def _keys_move(options: argparse.Namespace) -> int:
    print(key_commands.move_to_token(_settings(options)))
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    url = options.url.rstrip("/")
    port = urlsplit(url).port or (443 if url.startswith("https") else 80)
    token = options.token or os.environ.get("RECEPTION_TOKEN") or serve.operator_token(port)
    if token is None:
        print(
            "token_needed: 请用 --token 或 RECEPTION_TOKEN 提供令牌（reception token create）。\n"
            "token_needed: give a token by --token or RECEPTION_TOKEN (reception token create).",
            file=sys.stderr,
        )
        return 2
    report = asyncio.run(
        rehearse(url=url, token=token, rooms=options.rooms, seconds=options.seconds)
    )
    print(report.as_json() if options.json else report.as_text())
    return 0 if report.ok else 1


def _verified(found: Verification) -> dict[str, object]:
    return found._asdict() | {
        "problems": [problem._asdict() for problem in found.problems],
        "gaps": [dataclasses.asdict(gap) for gap in found.gaps],
    }


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


# -- options ----------------------------------------------------------------------------------


def _settings(options: argparse.Namespace) -> Settings:
    settings = from_environment(
        os.environ,
        data=getattr(options, "data", None),
        database=getattr(options, "database", None),
        host=getattr(options, "host", None),
        port=getattr(options, "port", None),
        https=getattr(options, "https", None),
    )
    logs.log_to_stderr(settings.log_level)
    return settings


def _directory(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reception", description="视频接访 video reception")
    parser.add_argument("--version", action="version", version=version("video-reception"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_server_commands(commands)
    _add_database_commands(commands)
    _add_calendar_commands(commands)
    _add_key_commands(commands)
    _add_media_commands(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _add_server_commands(commands: "_Commands[argparse.ArgumentParser]") -> None:
    for name, says, command in (
        ("serve", "run the server", _serve),
        ("demo", "run a demo prefecture from an empty directory", _demo),
    ):
        server = commands.add_parser(name, help=says)
        server.set_defaults(command=command)
        server.add_argument("--data", type=_directory, help="data directory")
        server.add_argument("--port", type=int, help="TCP port (and UDP port of the hub)")
        server.add_argument("--host", help="address to listen on")
        server.add_argument("--https", action="store_true", default=None, help="serve HTTPS")
        if name == "serve":
            server.add_argument("--database", help="database URL")
    for name, command in (("web", _web), ("hub", _hub)):
        process = commands.add_parser(name, help=f"the {name} process; started by serve")
        process.set_defaults(command=command)
        process.add_argument("--hub-socket", type=Path, required=True)
        if name == "hub":
            process.add_argument("--recording-key", required=True, help="its public half")


def _add_database_commands(commands: "_Commands[argparse.ArgumentParser]") -> None:
    db = commands.add_parser("db", help="the database").add_subparsers(required=True)
    upgrade = db.add_parser("upgrade", help="bring the database to this version's schema")
    upgrade.set_defaults(command=_db_upgrade)
    token = commands.add_parser("token", help="API tokens").add_subparsers(required=True)
    create = token.add_parser("create", help="make a bearer token; it is shown once")
    create.set_defaults(command=_token_create)
    create.add_argument("--name", default="api", help="what the token is for")
    create.add_argument(
        "--role", default="sysadmin", choices=[role.value for role in ROLES_OF_PEOPLE]
    )
    create.add_argument("--area", help="area code the token is limited to; default the whole tree")
    rest = (*_add_set_up_commands(commands), *_add_audit_commands(commands))
    for parser in (upgrade, create, *rest):
        parser.add_argument("--data", type=_directory, help="data directory")
        parser.add_argument("--database", help="database URL")


def _add_set_up_commands(
    commands: "_Commands[argparse.ArgumentParser]",
) -> tuple[argparse.ArgumentParser, ...]:
    group = commands.add_parser("account", help="log-ins of staff").add_subparsers(required=True)
    account = group.add_parser("create", help="make a log-in; its password is shown once")
    account.set_defaults(command=_account_create)
    account.add_argument("--login", required=True, help="log-in name")
    account.add_argument("--name", required=True, help="the person's name")
    account.add_argument("--role", required=True, choices=[role.value for role in ROLES_OF_PEOPLE])
    account.add_argument("--area", required=True, help="area code the person works for")
    account.add_argument("--leader", help="id of the leader this is; needed for a leader")
    account.add_argument("--organ", help="id of the person's organ; needed for a handler")
    account.add_argument(
        "--password-stdin", action="store_true", help="read the password's line from standard input"
    )
    group = commands.add_parser("kiosk", help="kiosks").add_subparsers(required=True)
    code = group.add_parser("code", help="make a kiosk's one-time code anew; it is shown once")
    code.set_defaults(command=_kiosk_code)
    code.add_argument("--kiosk", required=True, help="id of the kiosk")
    kiosk = group.add_parser("create", help="make a kiosk; its one-time code is shown once")
    kiosk.set_defaults(command=_kiosk_create)
    kiosk.add_argument("--site", required=True, help="id of the site it stands at")
    kiosk.add_argument("--name", required=True, help="what it is called there")
    group = commands.add_parser("area", help="the area tree").add_subparsers(required=True)
    areas = group.add_parser("import", help="take areas over from a CSV file; repeating is safe")
    areas.set_defaults(command=_area_import)
    areas.add_argument("file", type=Path, help="rows of code,name by GB/T 2260")
    return account, kiosk, code, areas


def _add_audit_commands(
    commands: "_Commands[argparse.ArgumentParser]",
) -> tuple[argparse.ArgumentParser, ...]:
    group = commands.add_parser("audit", help="the audit log").add_subparsers(required=True)
    check = group.add_parser("verify", help="recompute the log and name the first bad record")
    check.set_defaults(command=_audit_verify)
    check.add_argument(
        "--checkpoints", type=Path, help="checkpoints kept elsewhere; without, a cut end is unseen"
    )
    check.add_argument("--json", action="store_true")
    point = group.add_parser("checkpoint", help="sign what is new and show the newest checkpoint")
    point.set_defaults(command=_audit_checkpoint)
    return check, point


def _add_calendar_commands(commands: "_Commands[argparse.ArgumentParser]") -> None:
    policies = [policy.value for policy in RestPolicy]
    group = commands.add_parser("calendar", help="reception calendars").add_subparsers(
        required=True
    )
    preview = group.add_parser("preview", help="the days a rule gives")
    preview.set_defaults(command=_calendar_preview)
    preview.add_argument("--rule", required=True, help="for example 'monthly_day 15'")
    preview.add_argument("--on-weekend", default="hold", choices=policies)
    preview.add_argument("--on-holiday", default="roll_forward", choices=policies)
    preview.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    preview.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    preview.add_argument("--json", action="store_true")
    deadline = commands.add_parser("deadline", help="when a legal deadline falls due")
    deadline.set_defaults(command=_deadline)
    deadline.add_argument("id", help="D1 … D9")
    deadline.add_argument("--from", dest="start", type=date.fromisoformat, required=True)
    deadline.add_argument("--json", action="store_true")


def _add_key_commands(commands: "_Commands[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("keys", help="versions of the keys").add_subparsers(required=True)
    for name, command, says in (
        ("list", _keys_list, "versions, and how much each has sealed"),
        ("rotate", _keys_rotate, "make a new version; what is new is sealed with it"),
        ("reseal", _keys_reseal, "seal anew what older versions sealed"),
        ("retire", _keys_retire, "destroy a version nothing is sealed with any more"),
        (
            "recordings",
            _keys_recordings,
            "make a new key for recordings; older ones still open theirs",
        ),
        ("move-to-token", _keys_move, "let a PKCS#11 token seal the files of keys"),
    ):
        one = group.add_parser(name, help=says)
        one.set_defaults(command=command)
        one.add_argument("--data", type=_directory, help="data directory")
        if name == "retire":
            one.add_argument("version", type=int)


def _add_media_commands(commands: "_Commands[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("recording", help="recordings").add_subparsers(required=True)
    check = group.add_parser("verify", help="check that a recording is whole and unchanged")
    check.set_defaults(command=_recording_verify)
    check.add_argument("recording", help="id or directory")
    check.add_argument("--data", type=_directory, help="data directory")
    check.add_argument("--json", action="store_true")
    compared = group.add_parser("compare", help="compare all recordings with the database")
    compared.set_defaults(command=_recording_compare)
    compared.add_argument("--data", type=_directory, help="data directory")
    compared.add_argument("--json", action="store_true")
    trial = commands.add_parser("rehearse", help="try the line: whole receptions between robots")
    trial.set_defaults(command=_rehearse)
    trial.add_argument("--url", default="http://127.0.0.1:8080", help="address of the server")
    trial.add_argument("--token", help="API token; not needed on the server's own machine")
    trial.add_argument("--rooms", type=int, default=1)
    trial.add_argument("--seconds", type=float, default=20.0)
    trial.add_argument("--json", action="store_true")
