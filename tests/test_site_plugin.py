"""The plugin for WordPress as a file: values that stay values, the same bytes, a secret that is kept."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import here

from newsletter.errors import WorkspaceError
from newsletter.letters.templates import environment
from newsletter.models import Publication
from newsletter.plugin.filling import PluginValues, plugin_files
from newsletter.plugin.quoting import header, php
from newsletter.plugin.zipping import zipped
from newsletter.workspace.plugin_secret import new_plugin_secret, path_of, plugin_secrets, read_plugin_secret

EVIL = ["it's", "back\\", "\\'", "?>", "<?php", "${x}", "$x", "{$x}", "a\nb", "*/", "</script>", "\0", "نشرة", '"']
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
PHP = pytest.mark.skipif(not shutil.which("php") and os.environ.get("CI") != "true", reason="php is not installed")


def values(name: str = "صحيفة الواحة", **more: object) -> PluginValues:
    about = Publication(name=name, url="https://example.org")
    given = {"lists": {"readers": "النشرة"}, **more}
    return PluginValues(about, "https://news.example.org", b"s" * 32, "1.0", **given)  # type: ignore[arg-type]


def in_php(root: Path, code: str) -> str:
    (root / "asked.php").write_text(f"<?php define('ABSPATH', '/'); {code}", "utf-8")
    done = subprocess.run(["php", root / "asked.php"], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@PHP
def test_php_reads_each_value_as_it_was(tmp_path: Path) -> None:
    value = {
        "texts": EVIL,
        "keys": dict.fromkeys(EVIL, 1),
        "0": None,
        "more": {"a": [True, False, 12, -3, []], "b": {}},
    }
    found = json.loads(in_php(tmp_path, f"echo json_encode({php(value)}, JSON_THROW_ON_ERROR);"))
    assert found["texts"] == EVIL
    assert list(found["keys"]) == EVIL
    assert found["more"] == {"a": [True, False, 12, -3, []], "b": []}
    assert found["0"] is None


def test_what_is_no_value_is_refused() -> None:
    assert php("\ud800") == "'?'"
    for wrong in (1.5, b"x", object(), {None: 1}, {True: 1}):
        with pytest.raises(TypeError):
            php(wrong)


def test_a_line_of_the_header_stays_one_line_of_a_comment() -> None:
    assert header("a */ b **/ c\r\nd ?> e\u2028f <?php") == "a b c d e f php"


@PHP
def test_a_newsroom_with_an_evil_name_gets_a_plugin_that_is_only_named_so(tmp_path: Path) -> None:
    name = "x' ?> */ ${y} <?= 1 \\"
    files = plugin_files(
        environment(), values(name, topics={"readers": {0: name}}, sections=[name], desk="https://d.example")
    )
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    code = f"echo json_encode(require {php(str(tmp_path / 'settings.php'))}, JSON_THROW_ON_ERROR);"
    settings = json.loads(in_php(tmp_path, code))
    assert (settings["name"], settings["sections"], settings["topics"]) == (name, [name], {"readers": [name]})
    assert settings["secret"] == (b"s" * 32).hex()
    for path in files:
        if path.endswith(".php"):
            done = subprocess.run(
                ["php", "-l", tmp_path / path], capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, done.stdout + done.stderr
            # Asked for by its address, nothing of it runs.
            alone = subprocess.run(["php", tmp_path / path], capture_output=True, text=True, check=False, timeout=60)
            assert (alone.returncode, alone.stdout, alone.stderr) == (0, "", ""), path


def test_the_zip_has_one_folder_and_always_the_same_bytes() -> None:
    files = plugin_files(environment(), values())
    made = zipped(files)
    assert made == zipped(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {"nashra"}
    assert {
        "nashra/nashra.php",
        "nashra/settings.php",
        "nashra/uninstall.php",
        "nashra/editor.js",
        "nashra/form.css",
    } <= set(names)
    head = files["nashra.php"].decode("utf-8")
    for line in (
        "Requires PHP:      7.4",
        "License:           MIT",
        "Update URI:        https://news.example.org/wordpress",
    ):
        assert f" * {line}\n" in head


def test_a_newsroom_s_own_template_wins_and_leftovers_stay_out(tmp_path: Path) -> None:
    own = tmp_path / "wordpress"
    (own / "parts").mkdir(parents=True)
    (own / "form.css.j2").write_text(".mine { color: {{ colours.accent }} }", "utf-8")
    for name in ("parts/.forms.php.swp", "parts/forms.php~", ".secret.php", "notes.md"):
        (own / name).write_text("x", "utf-8")
    files = plugin_files(environment(tmp_path), values())
    assert files["form.css"] == b".mine { color: #0f766e }\n"
    assert files.keys() == plugin_files(environment(), values()).keys()


def test_a_language_without_a_catalogue_gets_english_words_from_left_to_right() -> None:
    about = Publication(name="Oasis", url="https://example.org", language="ur")
    made = plugin_files(
        environment(), PluginValues(about, "https://n.example", b"s" * 32, "1", lists={"readers": "Oasis"})
    )
    settings = made["settings.php"].decode("utf-8")
    assert "'direction' => 'ltr'" in settings
    assert "'Subscribe me' => 'Subscribe me'" in settings


def test_a_secret_is_made_once_and_the_one_before_lives_for_a_week(tmp_path: Path) -> None:
    assert plugin_secrets(tmp_path, NOW) == ()
    first = new_plugin_secret(tmp_path, NOW)
    assert plugin_secrets(tmp_path, NOW) == (first.secret,)
    assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600
    second = new_plugin_secret(tmp_path, NOW)
    assert plugin_secrets(tmp_path, NOW + timedelta(days=6, hours=23)) == (second.secret, first.secret)
    assert plugin_secrets(tmp_path, NOW + timedelta(days=7)) == (second.secret,)
    assert len({len(first.secret), len(second.secret), 32}) == 1


def test_each_old_secret_lives_until_its_own_moment(tmp_path: Path) -> None:
    first = new_plugin_secret(tmp_path, NOW).secret
    second = new_plugin_secret(tmp_path, NOW + timedelta(days=1)).secret
    third = new_plugin_secret(tmp_path, NOW + timedelta(days=3))
    assert (third.old, third.old_until) == (second, NOW + timedelta(days=10))
    for days, believed in ((7, (third.secret, second, first)), (8, (third.secret, second)), (10, (third.secret,))):
        assert plugin_secrets(tmp_path, NOW + timedelta(days=days)) == believed
    fourth = new_plugin_secret(tmp_path, NOW + timedelta(days=9)).secret
    assert plugin_secrets(tmp_path, NOW + timedelta(days=9)) == (fourth, third.secret, second)


def test_a_file_with_one_old_secret_is_read_as_ever(tmp_path: Path) -> None:
    new_plugin_secret(tmp_path, NOW)
    until = NOW + timedelta(days=7)
    text = f'secret = "{"a" * 64}"\nold_secret = "{"b" * 64}"\nold_until = {until.isoformat()}\n'
    path_of(tmp_path).write_text(text, "utf-8")
    believed = (b"\xaa" * 32, b"\xbb" * 32)
    assert plugin_secrets(tmp_path, NOW) == believed
    assert plugin_secrets(tmp_path, until) == believed[:1]
    newest = new_plugin_secret(tmp_path, NOW).secret
    assert plugin_secrets(tmp_path, NOW) == (newest, *believed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret = 1",
        'secret = "ab"',
        f'secret = "{"ü" * 64}"',
        "secret",
        "\xff",
        f'secret = "{"a" * 64}"\nold_secret = "{"b" * 64}"',
        f'secret = "{"a" * 64}"\nold = "{"b" * 64}"',
        f'secret = "{"a" * 64}"\nold = ["{"b" * 64}"]',
        f'secret = "{"a" * 64}"\n[[old]]\nsecret = "{"b" * 64}"',
    ],
)
def test_a_damaged_file_of_the_secret_is_never_passed_over(tmp_path: Path, text: str) -> None:
    new_plugin_secret(tmp_path, NOW)
    path_of(tmp_path).write_text(text, "latin-1")
    for ask in (plugin_secrets, new_plugin_secret, read_plugin_secret):
        with pytest.raises(WorkspaceError, match="the plugin's secret cannot be read"):
            ask(tmp_path, NOW)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    new_plugin_secret(tmp_path, NOW)
    path_of(tmp_path).chmod(0o640)
    with pytest.raises(WorkspaceError, match="others can read"):
        plugin_secrets(tmp_path, NOW)


def test_the_command_makes_the_same_file_again_and_writes_over_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    write = Path.write_bytes

    def noted(path: Path, data: bytes) -> int:
        modes.append(stat.S_IMODE(path.stat().st_mode))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", noted)
    words = ("--name", "الواحة", "--url", "https://example.org", "--from", "الواحة <news@example.org>")
    assert here("init", tmp_path / "w", *words, "--web", "https://news.example.org").code == 0
    made = here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "a.zip")
    assert (made.code, made.out) == (0, f"{tmp_path / 'a.zip'}\n")
    assert "Upload Plugin" in made.err
    assert stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == modes[-1] == 0o600  # also while it was written
    assert here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "b.zip").code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    secret = path_of(tmp_path / "w").read_bytes()
    for path, said in ((tmp_path / "a.zip", "has this name already"), (tmp_path / "no" / "a.zip", "no such folder")):
        refused = here("-C", tmp_path / "w", "wordpress", "plugin", path, "--new-secret")
        assert (refused.code, refused.out) == (1, "")
        assert said in refused.err
    # Nor does a secret that came to no file wear out the one that the site still has.
    broken = tmp_path / "w" / "templates" / "wordpress" / "form.css.j2"
    broken.parent.mkdir(parents=True)
    broken.write_text("{{ colours.", "utf-8")
    assert here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "c.zip", "--new-secret").code == 1
    broken.unlink()
    assert path_of(tmp_path / "w").read_bytes() == secret
    assert here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "a.php").code == 2
    other = here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "c.zip", "--new-secret", "--json")
    told = json.loads(other.out)
    assert (told["new_secret"], told["lists"], told["pages"]) == (True, ["readers"], "https://news.example.org")
    assert told["old_secret_until"]
    assert (tmp_path / "c.zip").read_bytes() != (tmp_path / "a.zip").read_bytes()


def test_without_reader_pages_there_is_nothing_to_lead_to(tmp_path: Path) -> None:
    words = ("--name", "الواحة", "--url", "https://example.org", "--from", "الواحة <news@example.org>")
    assert here("init", tmp_path / "w", *words).code == 0
    refused = here("-C", tmp_path / "w", "wordpress", "plugin", tmp_path / "a.zip")
    assert refused.code == 1
    assert "[web]" in refused.err
    assert not path_of(tmp_path / "w").exists()


WORDPRESS = Path(__file__).parent / "wordpress"
BAD = r"""<?php
function a() { echo $x; echo 'a' . esc_html( $b ) . $c; echo ( $f ? '<b>' : $g ); echo "a $b"; print $x; }
function b() { $v = $_POST['x']; $w = sanitize_text_field( $_POST['y'] ); eval( '1' ); wp_remote_get( 'x' ); }
function c() { if ( $z?->r ) { echo match( 1 ) { default => 2 }; } }
function d() { current_user_can( 'y' ); if ( isset( $_POST['z'] ) ) { return wp_unslash( $_POST['z'] ); } }
?><?= $x ?>
"""
GOOD = r"""<?php
function b() {
    check_admin_referer( 'x' );
    if ( current_user_can( 'y' ) && isset( $_POST['z'] ) ) {
        $k = sanitize_text_field( wp_unslash( $_POST['z'] ) );
        echo '<p>' . esc_html( $k ) . ( $k ? 'a' : '' ), wp_kses_post( $k );
    }
}
"""


def sniffed(*paths: Path) -> list[str]:
    done = subprocess.run(
        ["php", WORDPRESS / "sniffs.php", *paths], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@PHP
def test_nothing_is_shown_unescaped_or_taken_as_it_came(tmp_path: Path) -> None:
    paths = []
    for path, content in plugin_files(environment(), values()).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
        paths += [tmp_path / path] if path.endswith(".php") else []
    assert len(paths) > 7
    assert sniffed(*paths) == []


@PHP
def test_the_sniffs_have_a_nose(tmp_path: Path) -> None:
    (tmp_path / "good.php").write_text(GOOD, "utf-8")
    assert sniffed(tmp_path / "good.php") == []
    (tmp_path / "bad.php").write_text(BAD, "utf-8")
    found = sniffed(tmp_path / "bad.php")
    assert sum("echo of" in one for one in found) == 7
    assert sum("as it came" in one for one in found) == 3
    assert sum("without a nonce" in one for one in found) == 4
    assert sum("without a capability" in one for one in found) == 2
    assert sum("does not know" in one for one in found) == 2
    assert [one for one in found if "not wanted" in one or "belongs" in one] != []


@pytest.mark.skipif(not shutil.which("phpcs"), reason="php-codesniffer is not in every Debian")
def test_the_sniffs_of_others_find_no_fault(tmp_path: Path) -> None:
    for path, content in plugin_files(environment(), values()).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    done = subprocess.run(
        ["phpcs", "-q", "--report=emacs", f"--standard={WORDPRESS / 'phpcs.xml'}", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
