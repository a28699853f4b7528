"""Which zone a site is in when nobody says, and what was meant by a zone that does not exist."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from command import complains, here, make_workspace

from newsletter.workspace import zones


def machine(root: Path, *, timezone: str = "", localtime: str = "") -> Path:
    (root / "etc").mkdir()
    if timezone:
        (root / "etc" / "timezone").write_text(f"{timezone}\n")
    if localtime:
        (root / "etc" / "localtime").symlink_to(localtime)
    return root


@pytest.mark.parametrize(
    ("environment", "files", "found"),
    [
        ({"TZ": "Asia/Beirut"}, {"timezone": "Africa/Cairo"}, ("Asia/Beirut", "TZ")),
        ({"TZ": ":/usr/share/zoneinfo/Asia/Beirut"}, {}, ("Asia/Beirut", "TZ")),
        ({"TZ": "<+03>-3"}, {"timezone": "Africa/Cairo"}, ("Africa/Cairo", "/etc/timezone")),
        ({"TZ": ""}, {"localtime": "/usr/share/zoneinfo/Africa/Algiers"}, ("Africa/Algiers", "/etc/localtime")),
        ({}, {"localtime": "../var/db/timezone/zoneinfo/Asia/Riyadh"}, ("Asia/Riyadh", "/etc/localtime")),
        ({}, {"timezone": "Nowhere/City", "localtime": "/elsewhere"}, ("", "")),
        ({}, {}, ("", "")),
    ],
)
def test_what_a_machine_says(
    tmp_path: Path, environment: dict[str, str], files: dict[str, str], found: tuple[str, str]
) -> None:
    assert zones.of_machine(environment, machine(tmp_path, **files)) == found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Algiers", "Africa/Algiers"),
        ("africa/algiers", "Africa/Algiers"),
        ("Asia/Beyrouth", "Asia/Beirut"),
        ("Africa/Cario", "Africa/Cairo"),
        ("Africa/Damascus", "Asia/Damascus"),
        ("New York", "America/New_York"),
        ("GMT+1", ""),
        ("", ""),
    ],
)
def test_what_was_meant(written: str, meant: str) -> None:
    assert not zones.known(written)
    assert zones.nearest(written) == meant
    assert not meant or zones.known(meant)


def test_init_takes_the_zone_of_the_machine_and_says_so(tmp_path: Path) -> None:
    done = here("init", tmp_path / "w", "--name", "و", "--url", "https://a.example.org", more={"TZ": "Africa/Algiers"})
    assert done.code == 0, done
    assert "The site's zone is Africa/Algiers, as this machine says (TZ)" in done.err
    assert 'timezone = "Africa/Algiers"' in (tmp_path / "w" / "newsletter.toml").read_text("utf-8")


def test_init_never_takes_utc_in_silence(tmp_path: Path) -> None:
    with mock.patch("newsletter.workspace.zones.of_machine", return_value=("Etc/UTC", "/etc/timezone")):
        done = here("init", tmp_path / "w", "--name", "و", "--url", "https://a.example.org")
        assert "zone is UTC, since this machine names no other" in done.err
        assert "set timezone in newsletter.toml" in done.err
        with (
            mock.patch("newsletter.cli.setting_up.on_terminal", return_value=True),
            mock.patch("newsletter.cli.setting_up.ask", return_value="Asia/Amman"),
        ):
            done = here("init", tmp_path / "x", "--name", "و", "--url", "https://a.example.org")
    assert "zone is Asia/Amman" in done.err
    assert 'timezone = "Asia/Amman"' in (tmp_path / "x" / "newsletter.toml").read_text("utf-8")


def test_a_wrong_zone_names_the_nearest(tmp_path: Path) -> None:
    done = here("init", tmp_path / "w", "--name", "و", "--url", "https://a.example.org", "--timezone", "Africa/Algers")
    complains(done, "--timezone: found 'Africa/Algers'", "did you mean Africa/Algiers?")


def test_one_moment_is_shown_alike_everywhere(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join('timezone = "Asia/Riyadh"' if one.startswith("timezone") else one for one in lines), "utf-8"
    )
    planned = here("-C", root, "send", "--yes", "--at", "2999-01-01 09:00")
    assert "it starts 2999-01-01 09:00 +03" in planned.err
    assert "starts 2999-01-01 09:00 +03" in here("-C", root, "send", "--yes").err
    shown = here("-C", root, "sends", "show", "1")
    assert "send_at\t2999-01-01 09:00 +03" in shown.out
    assert "2999-01-01T06:00:00+00:00" in here("-C", root, "sends", "show", "1", "--json").out
    assert here("-C", root, "sends", "list").out.strip().endswith(" +03")
    assert "UTC" not in here("-C", root, "subscribers", "show", "reader0@example.net").out
