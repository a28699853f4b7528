"""Settings are read in layers, the later ones win, and whatever is wrong is told once with its place."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter import fields
from newsletter.errors import SettingsError, WorkspaceError
from newsletter.workspace.config import find_workspace, load

LEAST = """\
[newsletter]
name = "الموجة"
url = "https://almawja.example.org/"

[sender]
from = "نشرة الموجة <news@almawja.example.org>"
lease = 11
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(LEAST, "utf-8")
    (tmp_path / "secrets").mkdir()
    return tmp_path


def test_the_least_there_must_be(root: Path) -> None:
    settings = load(root, {})
    assert settings.publication.name == "الموجة"
    assert settings.publication.url == "https://almawja.example.org"
    assert settings.publication.direction == "rtl"
    assert settings.sender.from_ == "نشرة الموجة <news@almawja.example.org>"
    assert settings.address == "news@almawja.example.org"
    assert settings.sender.kind == "outbox"
    assert settings.outbox == root / "outbox"
    assert settings.web.url == ""
    assert settings.database_url == f"sqlite:///{root / 'newsletter.db'}"


def test_later_layers_win(root: Path) -> None:
    assert load(root, {}).sender.lease == 11
    (root / "secrets" / "sender.lease").write_text("12\n")
    assert load(root, {}).sender.lease == 12
    (root / ".env").write_text("NASHRA_SENDER__LEASE=13\n# a comment\nOTHER=1\n")
    assert load(root, {}).sender.lease == 13
    assert load(root, {"NASHRA_SENDER__LEASE": "14", "PATH": "/bin"}).sender.lease == 14
    # What a layer does not say, the ones below do.
    assert load(root, {"NASHRA_SENDER__BATCH": "7"}).sender.lease == 13
    assert load(root, {"NASHRA_SENDER__BATCH": "7"}).sender.batch == 7


def test_a_section_may_come_from_the_environment_alone(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").touch()
    environment = {
        "NASHRA_NEWSLETTER__NAME": "الموجة",
        "NASHRA_NEWSLETTER__URL": "https://example.org",
        "NASHRA_SENDER__FROM": "news@example.org",
    }
    assert load(tmp_path, environment).sender.from_ == "news@example.org"


def test_values_of_text_layers_are_understood(root: Path) -> None:
    environment = {
        "NASHRA_SENDER__FSYNC": "no",
        "NASHRA_COLLECT__ALLOW_PRIVATE_HOSTS": "intranet.example.org, wiki.example.org,",
        "NASHRA_SENDER__OUTBOX": "/var/mail/nashra",
    }
    settings = load(root, environment)
    assert settings.sender.fsync is False
    assert settings.collect.allow_private_hosts == ["intranet.example.org", "wiki.example.org"]
    assert settings.outbox == Path("/var/mail/nashra")


def test_paths_begin_at_the_workspace_wherever_the_command_is_called(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert load(root, {"NASHRA_DATABASE__URL": "sqlite:///data/x.db"}).database_url == f"sqlite:///{root / 'data/x.db'}"
    assert load(root, {"NASHRA_DATABASE__URL": "sqlite:////data/x.db"}).database_url == "sqlite:////data/x.db"
    assert load(root, {"NASHRA_SENDER__OUTBOX": "../mail"}).outbox == root / "../mail"


def test_postgresql_gets_its_driver(root: Path) -> None:
    url = load(root, {"NASHRA_DATABASE__URL": "postgresql://nashra@db.example.org/nashra"}).database_url
    assert url == "postgresql+psycopg://nashra@db.example.org/nashra"


def test_hosts_of_other_scripts_become_ascii_in_addresses_of_letters(root: Path) -> None:
    settings = load(root, {"NASHRA_SENDER__FROM": "الموجة <news@موقع.example.org>"})
    assert settings.address == "news@xn--4gbrim.example.org"
    assert (
        load(root, {"NASHRA_NEWSLETTER__URL": "https://موقع.example.org"}).publication.url == "https://موقع.example.org"
    )


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("newsletter.name", " ", "a text is wanted"),
        ("newsletter.name", "سطر\u2028آخر", "one line of text is wanted"),
        ("newsletter.url", "almawja.example.org", "an address such as https://example.org is wanted"),
        ("newsletter.url", "https://example.org/?a=1", "an address such as https://example.org is wanted"),
        ("newsletter.url", "https://[::1", "IPv6"),
        ("newsletter.url", "https://-ش-.example.org", "cannot be written in ASCII"),
        ("newsletter.language", "arabic", "a language such as ar"),
        ("sendgrid.key", "SG.a\nX-Other: b", "a key without spaces, line breaks"),
        ("postmark.token", "رمز", "a key without spaces, line breaks"),
        ("newsletter.timezone", "Africa/Nowhere", "a zone such as Africa/Algiers"),
        ("letter.accent", "#12345g", "a colour such as #0f766e"),
        ("sender.from", "أمل@example.org", '"Name <address>" is wanted'),
        ("sender.reply_to", "nobody", '"Name <address>" is wanted'),
        ("sender.kind", "pigeon", "outbox"),
        ("sender.fsync", "perhaps", "valid boolean"),
        ("sender.lease", "0", "greater than or equal to 1"),
        ("sender.batch", "1.5", "valid integer"),
        ("web.url", "http://news.example.org", "an https address"),
        ("web.url", "news.example.org", "an address such as"),
        ("database.url", "sqlite:///", "sqlite:///PATH"),
        ("database.url", "sqlite:///:memory:", "sqlite:///PATH"),
        ("database.url", "oracle://x", "sqlite:///PATH"),
    ],
)
def test_what_was_found_and_what_is_wanted(root: Path, key: str, value: str, wanted: str) -> None:
    variable = "NASHRA_" + key.upper().replace(".", "__")
    with pytest.raises(SettingsError) as told:
        load(root, {variable: value})
    line = str(told.value)
    assert "\n" not in line
    assert line.startswith(f"environment: {variable}: found ")
    assert (repr(value) in line) == (key not in {"database.url", "sendgrid.key", "postmark.token"})
    assert wanted in line


def test_every_problem_is_told_at_once_with_its_line(root: Path) -> None:
    (root / "newsletter.toml").write_text(
        "# comment\n[newsletter]\nname = 3\nlangage = 'ar'\n\n[sendr]\nfrom = 'x'\n"
        "[collect]\nallow_private_hosts = ['a', 1]\n"
    )
    with pytest.raises(SettingsError) as told:
        load(root, {})
    path = root / "newsletter.toml"
    assert sorted(str(told.value).splitlines()) == sorted(
        [
            f"{path}:3: name: found 3, but input should be a valid string",
            f'{path}: newsletter.url is missing; add it (text, for example url = "https://example.org")',
            f"{path}:4: langage is not a setting; did you mean language?",
            f"{path}: sender is missing; add it (a section [sender])",
            f"{path}:6: [sendr] is not a setting; did you mean sender?",
            f"{path}:9: allow_private_hosts: found 1, but input should be a valid string",
        ]
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("newsletter.toml", b"[newsletter]\nname = \xe3\xde", "is not UTF-8 text"),
        ("newsletter.toml", b"[newsletter]\nurl = 'a'\nurl = 'b'", ":3: url is here a second time, first in line 2"),
        ("newsletter.toml", b"newsletter = [1]\nsender = 4", "a section is wanted"),
        (".env", b"NASHRA_NEWSLETTER__NAME=\xe3\xde", "is not UTF-8 text"),
        (".env", b"NASHRA_NAME=x", "is not the name of a setting"),
        ("secrets/newsletter.name", b"\xe3\xde", "is not UTF-8 text"),
        ("secrets/sendgrid_key", b"x", "name it SECTION.KEY"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(root: Path, name: str, content: bytes, words: str) -> None:
    (root / name).write_bytes(content)
    with pytest.raises(SettingsError) as told:
        load(root, {"NASHRA_SENDER__LEASE": "3", "NASHRA_NEWSLETTER__URL": "https://example.org"})
    assert words in str(told.value)
    assert str(root / name) in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[collect]\nuser_agent = 'x'\n\n[web]\n[ 'collect' ]  # again\nallow = []\n",
            ":5: [collect] is here a second time, first in line 1; "
            "put what is below both under one [collect] and delete the other",
        ),
        ("[topics.a]\n[topics.b]\n[topics.a]", ":3: [topics.a] is here a second time, first in line 1"),
        (
            "[web]\nurl = 'x'\n[sender]\nurl = 'y'\nurl = 'z'",
            ":5: url is here a second time, first in line 4; keep",
        ),
        ('[web]\nurl = """\nx"""\nurl = """\n\n"""', ":4: url is here a second time, first in line 2"),
        # Two shapes of one thing: nothing stands twice as it is written, so TOML's own words are told.
        ("[web]\na.b = 1\na = 2", ":3: is not valid TOML (cannot overwrite a value)"),
    ],
)
def test_what_stands_twice_is_named_with_both_lines(root: Path, text: str, told: str) -> None:
    (root / "newsletter.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(root, {})
    assert str(caught.value).startswith(f"{root / 'newsletter.toml'}{told}")


def test_a_folder_in_the_place_of_a_secret(root: Path) -> None:
    (root / "secrets" / "web.url").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load(root, {})


def test_what_lies_beside_the_secrets_is_left_alone(root: Path) -> None:
    (root / "secrets" / ".DS_Store").write_bytes(b"\x00\xff")
    (root / "secrets" / "keys.toml").write_text("not looked at")
    assert load(root, {"NASHRA_DEBUG": "1"}).sender.lease == 11


def test_a_file_from_windows(root: Path) -> None:
    (root / "newsletter.toml").write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert load(root, {}).publication.name == "الموجة"


def test_a_workspace_is_looked_for_upwards(root: Path) -> None:
    (root / "issues" / "first").mkdir(parents=True)
    assert find_workspace(root / "issues" / "first") == root
    (root / "newsletter.toml").unlink()
    with pytest.raises(WorkspaceError, match=r"no newsletter\.toml"):
        find_workspace(root / "issues")


@given(st.text(), st.text(max_size=20))
def test_no_text_in_the_environment_breaks_it(tmp_path_factory: pytest.TempPathFactory, value: str, key: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "hypothesis"
    folder.mkdir(exist_ok=True)
    (folder / "newsletter.toml").write_text(LEAST, "utf-8")
    try:
        load(folder, {"NASHRA_NEWSLETTER__NAME": value, f"NASHRA_{key}": value, "NASHRA_SENDER__FROM": value})
    except SettingsError as error:
        assert str(error)  # noqa: PT017  some values are good


# Mostly letters of real addresses, seasoned with the signs at the border of what is plain.
_LOCALS = st.text(alphabet=string.ascii_letters + string.digits + "._+-'\" ", min_size=1, max_size=66)
_HOSTS = st.lists(
    st.text(alphabet=string.ascii_letters + string.digits + "-_", max_size=64)
    | st.sampled_from(["xn--igbicxr", "ab--c"]),
    min_size=1,
    max_size=4,
)
_ENDS = st.sampled_from(["org", "com", "ORG", "test", "local", "localhost", "arpa", "onion", "invalid", "c", "x1", "1"])


@settings(max_examples=400)
@given(
    st.builds(lambda local, host, end: f"{local}@{'.'.join([*host, end])}", _LOCALS | st.just("News"), _HOSTS, _ENDS)
)
@example("News@Almawja.example.ORG")
@example("Amal.B@almawja.example.org")
@example(f"{'a' * 65}@example.org")
@example("a@b.test")
def test_a_plain_sender_is_the_same_with_and_without_the_library(address: str) -> None:
    if quick := fields._plain_address(address):
        assert quick == fields._checked_address(address)
        assert fields.mailbox(f"الموجة <{address}>") == f"الموجة <{quick}>"
