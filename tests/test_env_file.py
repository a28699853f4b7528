"""A line of .env that says nothing, or something else than it seems, is an error with its line; no value is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import complains, here, make_workspace
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import SettingsError
from newsletter.workspace.config import load
from newsletter.workspace.env_file import read

PATH = Path(".env")
A, B = "NASHRA_SENDGRID__KEY", "NASHRA_WEB__URL"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f'{A}="SG.x', 1, 'its quotes " are not closed'),
        (f"{B}=a\n{A}='SG.x\n", 2, "its quotes ' are not closed"),
        (f'{A}="SG.x\n{B}="a"', 1, "something stands behind its closing quotes"),
        (f'{A}="SG.x"y', 1, "something stands behind its closing quotes"),
        (f'{A}="SG.x\nFOO=1\nC="\n', 1, "its quotes end in a later line"),
        (f'FOO="x\n{A}=SG.x\nC="\n', 1, "a setting is in between"),
        ("\n\n# a note\nSG.secret here\n", 4, "this is no assignment"),
        (A, 1, "has no equals sign"),
        (f"{A}=", 1, "is empty"),
        (f"{A}=   # later\n", 1, "is empty"),
        (f"\u200f{A}=SG.x", 1, "without the invisible sign"),
        (f"{A}=SG.x\u200f", 1, "an invisible sign stands before or behind"),
        (f"{A.lower()}=SG.x", 1, "is not read"),
        (f"{A.replace('_', '-', 1)}=SG.x", 1, "is not read"),
        (f"{A}=“SG.x”", 1, "are curly"),
        (f'{A}="“SG.x”"', 1, "are curly"),
        (f"{A}=SG.x”", 1, "are curly"),
        (f'{A}=SG.x"', 1, "ends with a quote that none begins"),
        (f'{A}="p\\qSG.x"', 1, "\\q is no sign that double quotes know"),
        (f'{A}="SG.x\\n"', 1, "no setting holds a line break"),
        (f"{A}=SG.x\r\n\r\nexport {A}=SG.y\r\n", 3, "a second time, first in line 1"),
        (f"{A}: SG.x", 1, "this is no assignment"),
        (f'{A}="${{NOT_SET_ANYWHERE}}"', 1, "takes in ${NOT_SET_ANYWHERE}, which is not set"),
        ("=SG.x", 1, "cannot be read"),
    ],
)
def test_what_python_dotenv_would_pass_over_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as told:
        read(text, PATH)
    (problem,) = str(told.value).splitlines()
    assert problem.startswith(f".env:{line}: ")
    assert words in problem
    assert "SG." not in problem, "a secret is shown"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"{A}=SG.x # a note", {A: "SG.x"}),
        (f"export  {A} = \"SG.x\"\r\n# a note\r\n\r\n{B}='a\\b'\r\n", {A: "SG.x", B: "a\\b"}),
        (f'{A}=""', {A: ""}),
        (f"{A}=a=b==", {A: "a=b=="}),
        ("PEM='x\ny'\nOTHER=\nOTHER=2\n", {"PEM": "x\ny", "OTHER": "2"}),
        ("NASHRA_NEWSLETTER__NAME=«الموجة»", {"NASHRA_NEWSLETTER__NAME": "«الموجة»"}),
        (f'{B}=https://a\n{A}="${{{B}}}/x"', {B: "https://a", A: "https://a/x"}),
        ("", {}),
    ],
)
def test_what_can_be_read_is_read(text: str, values: dict[str, str]) -> None:
    assert read(text, PATH).values == values


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs"]), min_size=1, max_size=30))
def test_any_value_can_be_written_in_single_quotes(value: str) -> None:
    if value[0] in "“”„‟‘’‚‛″" or "${" in value:
        return
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    assert read(f"{A}='{quoted}'\n", PATH).values == {A: value}


@given(st.text(max_size=60))
def test_no_text_is_more_than_one_kind_of_error(text: str) -> None:
    told = ""
    try:
        read(text, PATH)
    except SettingsError as error:
        told = str(error)
    assert all(line.startswith(".env:") for line in told.splitlines())


def test_a_broken_key_keeps_the_letters_back(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    (root / ".env").write_text('NASHRA_SENDER__KIND="sendgrid\nNASHRA_SENDGRID__KEY=SG.a\n', "utf-8")
    complains(here("-C", root, "send", "--yes"), f"{root / '.env'}:1: NASHRA_SENDER__KIND", "not closed")
    (root / ".env").write_bytes(b"\xef\xbb\xbfNASHRA_NEWSLETTER__NAME=A\r\n")
    assert load(root, {}).publication.name == "A"


def test_a_wrong_value_is_told_with_file_and_line(tmp_path: Path) -> None:
    """Whatever is wrong with it: its value, its name, its section, or that it goes with another one."""
    root = make_workspace(tmp_path / "w")
    env = root / ".env"
    env.write_text(
        "# ours\n\nOTHER=1\nNASHRA_WEB__URL=http://news.example.org\nexport NASHRA_SENDER__BATCH=many\n"
        "NASHRA_LETTER__ACENT='#0f766e'\nNASHRA_SENDR__LEASE=3\n",
        "utf-8",
    )
    done = here("-C", root, "status")
    for said in (
        f"{env}:4: NASHRA_WEB__URL: found 'http://news.example.org'",
        f"{env}:5: NASHRA_SENDER__BATCH: found 'many'",
        f"{env}:6: NASHRA_LETTER__ACENT is not a setting; did you mean accent?",
        f"{env}:7: NASHRA_SENDR__LEASE is not a setting; did you mean sender?",
    ):
        assert said in done.err, done
    env.write_text("\nNASHRA_NAME=x\n", "utf-8")
    complains(here("-C", root, "status"), f"{env}:2: NASHRA_NAME", "is not the name of a setting")
    env.write_text("\nNASHRA_SENDER__FALLBACK=sendgrid\n", "utf-8")
    complains(here("-C", root, "status"), f'{env}:2: NASHRA_SENDER__FALLBACK: "sendgrid" wants [sendgrid] set up')
    # What the environment says stays the environment's.
    env.write_text("NASHRA_SENDER__BATCH=3\n", "utf-8")
    with pytest.raises(SettingsError) as told:
        load(root, {"NASHRA_SENDER__BATCH": "x"})
    assert str(told.value).startswith("environment: NASHRA_SENDER__BATCH: found 'x'")


def test_a_provider_that_is_set_up_and_not_used_is_told(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert "sender-stays-here" not in here("-C", root, "check").err
    (root / "secrets" / "sendgrid.key").write_text("SG.abcdefghijklmnopqrstuv.wxyz", "utf-8")
    for command in ("check", "send --yes"):
        done = here("-C", root, *command.split())
        assert done.code == 0, done
        assert "letters stay in the outbox and reach nobody, though [sendgrid] is set up" in done.err + done.out
