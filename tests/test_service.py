"""``newsletter service``: units as systemd itself reads them, put up and taken away, and refusals in one line."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from command import Done, complains, here
from deploy_examples import DEPLOY, PLAN, examples

from newsletter.errors import SettingsError
from newsletter.letters.templates import environment
from newsletter.service.installing import looked_at, switched_on, take_away, write
from newsletter.service.planning import ServiceHost, plan_of
from newsletter.service.units import ServicePlan, is_ours, is_unchanged, units
from newsletter.workspace.config import load
from newsletter.workspace.folder import make

UNITS = ("nashra-web.service", "nashra-worker.service", "nashra-backup.service", "nashra-backup.timer")
ODD = 'أخبار $HOME 100% "quoted" it\'s {a} \\x41;b'
"""A folder whose name has all that units read otherwise."""


def program(name: str) -> str:
    """A program of systemd's; in CI it must be there."""
    path = shutil.which(name) or shutil.which(name, path="/usr/lib/systemd:/lib/systemd")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed (Debian: systemd), and in CI units must be looked at")
        pytest.skip(f"{name} is not installed")
    return path


def a_workspace(root: Path, web: str = "https://news.example.org") -> Path:
    make(
        root,
        name="الموجة",
        url="https://almawja.example.org",
        sender="نشرة الموجة <news@almawja.example.org>",
        web=web,
        language="ar",
        timezone="Africa/Algiers",
    )
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return a_workspace(tmp_path / "w")


def install(root: Path, *words: str | Path) -> Done:
    return here("-C", root, "service", "install", *words)


def remove(root: Path, *words: str | Path) -> Done:
    return here("-C", root, "service", "remove", *words)


# ---- what the units say


def test_the_examples_are_what_the_commands_write() -> None:
    wanted = examples()
    there = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*/*") if path.is_file()}
    assert there == set(wanted), "python tests/deploy_examples.py writes them anew"
    for name, text in wanted.items():
        assert (DEPLOY / name).read_text("utf-8") == text, f"python tests/deploy_examples.py writes {name} anew"


@pytest.mark.parametrize("scope", ["system", "user"])
def test_systemd_finds_nothing_wrong(tmp_path: Path, scope: str) -> None:
    plan = replace(PLAN, scope=scope, interpreter=Path(sys.executable), account="daemon" if scope == "system" else "")
    write(looked_at(tmp_path, units(environment(), plan)))
    kind = ["--user"] if scope == "user" else []
    done = subprocess.run(
        [program("systemd-analyze"), *kind, "--man=no", "verify", *sorted(map(str, tmp_path.iterdir()))],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "nashra-" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_systemd_calls_them_well_guarded(name: str) -> None:
    done = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=true", "--no-pager", str(DEPLOY / "systemd" / name)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done
    assert float(found[1]) <= 2.0


def as_read_by_systemd(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    """What systemd makes of units, told by itself: ``Command Line`` and lists of paths, by unit and name.

    It does so for somebody who is not root, who gets a run-time folder for it.
    """
    manager = program("systemd")
    (folder / "units").mkdir(mode=0o755)
    for name, text in texts.items():
        (folder / "units" / name).write_text(text, "utf-8")
    run = folder / "run"
    run.mkdir(mode=0o700)
    somebody = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(run, nobody.pw_uid, nobody.pw_gid)
        for above in (folder, *folder.parents[:2]):
            above.chmod(above.stat().st_mode | 0o055)
        somebody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    found = {}
    for name in texts:
        done = subprocess.run(
            [manager, "--test", "--user", f"--unit={name}", "--log-target=console", "--log-level=notice"],
            env={
                "XDG_RUNTIME_DIR": str(run),
                "SYSTEMD_UNIT_PATH": f"{folder / 'units'}:/usr/lib/systemd/user",
                "LC_ALL": "C.UTF-8",
                "HOME": str(run),
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **somebody,
        )
        told = done.stdout.partition(f"-> Unit {name}:")[2].partition("-> Unit ")[0]
        if not told:
            pytest.skip(f"this systemd tells nothing of a unit here: {done.stderr[:200]}")
        for line in told.splitlines():
            key, _, value = line.strip().partition(": ")
            found[f"{name} {key}"] = value
    return found


def test_systemd_reads_back_what_was_meant(tmp_path: Path) -> None:
    """Blanks, quotes, backslashes, per cent and dollar signs in a path are none of systemd's business."""
    odd = tmp_path / ODD
    beside = tmp_path / 'a "b" %c'
    plan = replace(PLAN, workspace=odd, backups=odd / "copies 5%", writable=(beside,))
    texts = {name: text for name, text in units(environment(), plan).items() if name.endswith("backup.service")}
    texts = {name: re.sub("^User=.*\n", "", text, flags=re.MULTILINE) for name, text in texts.items()}
    found = as_read_by_systemd(tmp_path, texts)
    name = "nashra-backup.service"
    assert found[f"{name} WorkingDirectory"] == str(odd)
    # systemd writes a command line as a shell would want it, and lists of paths as they are.
    told = found[f"{name} Command Line"]
    words = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', told)
    plain = [re.sub(r"\\(.)", r"\1", one[1:-1]) if one.startswith('"') else one for one in words]
    assert plain == [
        *("/opt/nashra/bin/python", "-P", "-m", "newsletter", "-C", str(odd).replace("$", "$$")),
        *("database", "backup", "--to", str(odd / "copies 5%").replace("$", "$$"), "--keep", "14"),
    ]  # a doubled dollar sign is one when the command is started
    assert found[f"{name} ReadWritePaths"] == f"{odd} {beside}"


@pytest.mark.parametrize(
    ("name", "words"),
    [("a\nb", "a line break"), ("a\x07b", "a line break"), ("a ", "a blank or a backslash"), ("a\\", "a blank or")],
)
def test_a_path_that_no_unit_can_name_is_refused(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        units(environment(), replace(PLAN, workspace=Path("/srv") / name))


def test_without_pages_there_is_no_unit_for_them(tmp_path: Path) -> None:
    root = a_workspace(tmp_path / "w", web="")
    done = install(root, "--user", "--to", tmp_path / "u")
    assert "There are no reader pages" in done.err
    assert sorted(path.name for path in (tmp_path / "u").iterdir()) == sorted(UNITS[1:])


# ---- put up, again, changed, taken away


def states(done: Done) -> dict[str, str]:
    return {one["name"]: one["state"] for one in json.loads(done.out)["units"]}


def test_written_left_alone_and_written_anew(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    first = install(root, "--user", "--to", folder, "--json")
    assert states(first) == dict.fromkeys(UNITS, "new")
    assert json.loads(first.out)["next"][1:3] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now nashra-web.service nashra-worker.service nashra-backup.timer",
    ]
    again = install(root, "--user", "--to", folder, "--json")
    assert states(again) == dict.fromkeys(UNITS, "unchanged")
    assert json.loads(again.out)["next"] == []
    other = install(root, "--user", "--to", folder, "--json", "--port", "8011")
    assert states(other) == {**dict.fromkeys(UNITS, "unchanged"), UNITS[0]: "updated"}
    text = (folder / UNITS[0]).read_text("utf-8")
    assert f"ExecStart={sys.executable} -P -m newsletter -C {root} serve --host 127.0.0.1 --port 8011" in text
    assert (folder / UNITS[0]).stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in folder.iterdir()) == sorted(UNITS)


def test_a_dry_run_shows_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    done = install(root, "--user", "--to", tmp_path / "units", "--dry-run")
    assert done.code == 0
    assert "ExecStart=" in done.out
    assert not (tmp_path / "units").exists()
    install(root, "--user", "--to", tmp_path / "units")
    done = remove(root, "--user", "--to", tmp_path / "units", "--dry-run")
    assert done.code == 0
    assert len(list((tmp_path / "units").iterdir())) == len(UNITS)


def test_a_change_by_hand_is_told_and_kept(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    install(root, "--user", "--to", folder)
    own = folder / UNITS[0]
    changed = own.read_text("utf-8").replace("RestartSec=2", "RestartSec=9")
    own.write_text(changed, "utf-8")
    done = install(root, "--user", "--to", folder, "--port", "8011")
    assert done.code == 1
    assert f"{own}: changed by hand, left alone" in done.err
    assert "error: nashra-web.service: was not installed" in done.err
    assert own.read_text("utf-8") == changed
    done = install(root, "--user", "--to", folder, "--port", "8011", "--yes")
    assert done.code == 0
    assert "--port 8011" in own.read_text("utf-8")
    assert (folder / f"{UNITS[0]}.before").read_text("utf-8") == changed


def test_a_unit_of_somebody_else_or_of_another_workspace(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / UNITS[1]).write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
    done = install(root, "--user", "--to", folder)
    assert done.code == 1
    assert f"{UNITS[1]}: not written by this command, left alone" in done.err
    other = a_workspace(tmp_path / "other")
    done = install(other, "--user", "--to", folder)
    assert done.code == 1
    assert done.err.count("of another workspace, left alone") == 3  # the timer of the other one, too
    done = remove(other, "--user", "--to", folder)
    assert done.code == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(UNITS)
    assert install(other, "--user", "--to", folder, "--name", "other").code == 0


def test_removed_and_again(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    # Whatever options they were written with.
    install(root, "--user", "--to", folder, "--port", "8011", "--workers", "3", "--backups", tmp_path)
    (folder / "other.service").write_text("x", "utf-8")
    done = remove(root, "--user", "--to", folder, "--json")
    assert states(done) == dict.fromkeys(UNITS, "removed")
    assert [path.name for path in folder.iterdir()] == ["other.service"]
    done = remove(root, "--user", "--to", folder, "--json")
    assert (done.code, states(done)) == (0, dict.fromkeys(UNITS, "not_there"))


def test_what_is_switched_on_is_not_removed_below_systemd(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    install(root, "--user", "--to", folder)
    wants = folder / "default.target.wants"
    wants.mkdir()
    (wants / UNITS[1]).symlink_to(folder / UNITS[1])
    assert switched_on(folder, UNITS) == [UNITS[1]]
    complains(
        remove(root, "--user", "--to", folder),
        "systemd still starts them",
        "systemctl --user disable --now nashra-worker.service",
    )
    done = install(root, "--user", "--to", folder, "--port", "8011", "--json")
    assert "enable --now nashra-web.service nashra-backup.timer" in json.loads(done.out)["next"][2]
    done = install(root, "--user", "--to", folder, "--backups", tmp_path, "--json")
    assert not any("nashra-worker" in step for step in json.loads(done.out)["next"])


def test_the_mark_knows_its_own_text() -> None:
    text = units(environment(), PLAN)[UNITS[0]]
    assert is_ours(text)
    assert is_unchanged(text)
    assert not is_unchanged(text + "\n")
    assert is_ours(text.replace("Restart=always", "Restart=no"))
    assert not is_ours("[Unit]\n# Written by newsletter service install, fingerprint 0123456789abcdef.\n")


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    found = looked_at(tmp_path, units(environment(), PLAN))
    monkeypatch.setattr("subscribers.wholefile.os.fsync", full)
    with pytest.raises(Exception, match="cannot be written \\(No space left on device\\)"):
        write(found)
    assert not any(path.name in UNITS for path in tmp_path.iterdir())
    monkeypatch.undo()
    assert len(write(found)) == len(UNITS)
    assert len(take_away(looked_at(tmp_path, units(environment(), PLAN)))) == len(UNITS)


# ---- refusals


def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, booted: bool = True, uid: int = 1000) -> None:
    monkeypatch.setattr(ServiceHost, "here", classmethod(lambda cls: cls(booted, uid, tmp_path / "config")))


def test_without_systemd(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path, booted=False)
    complains(
        install(root, "--user"), "systemd does not run this machine", "newsletter worker --once in cron", "--to DIR"
    )
    assert install(root, "--user", "--dry-run").code == 0


def test_who_may(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path)
    complains(install(root, "--system"), "only root", "sudo ", "service install --system", "or take --user")
    machine(monkeypatch, tmp_path, uid=0)
    complains(install(root, "--user"), "services of your own should not run as root", "--system")


def test_ones_own_stand_in_ones_own_folder(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path)
    assert install(root, "--user").code == 0
    assert sorted(path.name for path in (tmp_path / "config" / "systemd" / "user").iterdir()) == sorted(UNITS)
    assert remove(root, "--user").code == 0


def test_one_of_both_must_be_said(root: Path) -> None:
    for words in ((), ("--user", "--system")):
        done = install(root, *words)
        assert done.code == 2
        assert "say whose services" in done.err
    assert install(root, "--user", "--run-as", "daemon").code == 2
    assert install(root, "--user", "--name", "../x").code == 2


def planned(root: Path, **changes: object) -> ServicePlan:
    wanted = replace(PLAN, **{"workspace": root, "account": "", **changes})
    return plan_of(root, load(root, {}), wanted)


def test_who_runs_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = pwd.getpwnam("daemon")
    if os.geteuid() == 0:
        with pytest.raises(Exception, match="belongs to root, and its services want a user of their own"):
            planned(root)
        os.chown(root, daemon.pw_uid, -1)
        assert planned(root).account == "daemon"
    wanted = replace(PLAN, workspace=root)
    for account, words in (("nobody-of-that-name", "there is no user"), ("root", "should not run as root")):
        with pytest.raises(Exception, match=words):
            plan_of(root, load(root, {}), replace(wanted, account=account))
    with pytest.raises(Exception, match="daemon cannot run a program that is in the folder of root"):
        plan_of(root, load(root, {}), replace(wanted, account="daemon", interpreter=Path("/root/x/python")))


def test_what_is_written_outside_the_workspace(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    wanted = replace(PLAN, workspace=root, backups=outside, account="daemon")
    with pytest.raises(Exception, match=f"{outside}: there is no such folder; install -d -o daemon -m 700"):
        plan_of(root, load(root, {}), wanted)
    with pytest.raises(Exception, match="a backup inside the workspace is lost with it"):
        plan_of(root, load(root, {}), replace(wanted, backups=root / "backups"))
    outside.mkdir()
    plan = plan_of(root, load(root, {"NASHRA_DATABASE__URL": f"sqlite:///{outside}/n.db"}), wanted)
    assert plan.writable == (outside,)
    assert f"ReadWritePaths={root} {outside}\n" in units(environment(), plan)[UNITS[1]]


def test_systemd_makes_the_folder_of_backups(root: Path) -> None:
    text = units(environment(), planned(root, account="daemon"))["nashra-backup.service"]
    assert "StateDirectory=nashra-backups\n" in text
    assert " database backup --to %S/nashra-backups --keep 14\n" in text
    assert f"ReadWritePaths={root}\n" in text


def test_folders_of_people_stay_readable_where_they_are_needed(root: Path) -> None:
    wanted = replace(PLAN, workspace=root, account="daemon")
    assert plan_of(root, load(root, {}), wanted).homes == "true"
    plan = plan_of(root, load(root, {}), replace(wanted, interpreter=Path("/home/amal/venv/bin/python")))
    assert "ProtectHome=read-only\n" in units(environment(), plan)[UNITS[0]]


def test_proxies_want_pages_with_tls(tmp_path: Path) -> None:
    root = a_workspace(tmp_path / "w", web="http://127.0.0.1:8000")
    complains(here("-C", root, "service", "proxy", "nginx"), "a web server with TLS wants pages at a host of their own")
