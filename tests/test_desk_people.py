"""The people of a desk behind a proxy: added at the terminal, known by password and second factor, and their roles."""

from __future__ import annotations

import base64
import json
import os
import re
import statistics
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import complains, here, make_workspace, there
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from newsroom import Clock
from settings_text import with_settings
from starlette.responses import Response
from starlette.testclient import TestClient

from newsletter.desk import app as desk_app
from newsletter.desk.app import create_app
from newsletter.desk.delays import NAME, NETWORK, PAIR, SignInDelays
from newsletter.desk.desk import Desk
from newsletter.desk.door import onward
from newsletter.desk.models import DeskRoute
from newsletter.errors import WorkspaceError
from newsletter.ledger import activity
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import editors as work
from newsletter.workspace import editors, passwords

BASE = "https://desk.example.org"
OURS = {"origin": BASE, "sec-fetch-site": "same-origin"}
PASSWORD = "أربع كلمات سهلة هنا"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("people") / "w")
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f'[desk]\nurl = "{BASE}"\n'), "utf-8")
    return root


@pytest.fixture
def root(made: Path) -> Iterator[Path]:
    yield made
    editors.path_of(made).unlink(missing_ok=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(root: Path, clock: Clock) -> Iterator[Workspace]:
    with open_workspace(root, {}) as workspace:
        workspace.now = clock  # type: ignore[method-assign]
        yield workspace


@pytest.fixture
def salma(workspace: Workspace) -> work.SecondFactor:
    return work.add(workspace, "سلمى", ["edit", "send"], PASSWORD)


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    return Desk(workspace, 8100)


def stranger(desk: Desk) -> TestClient:
    return TestClient(create_app(desk), base_url=BASE, follow_redirects=False)


def code_of(factor: work.SecondFactor, clock: Clock, steps: int = 0) -> str:
    """What a telephone shows, by its own reckoning."""
    totp = TOTP(base64.b32decode(factor.editor.secret), 6, SHA1(), 30)
    return totp.generate(int(clock.now.timestamp()) + 30 * steps).decode()


def sign_in(client: TestClient, name: str, password: str, code: str, **headers: str) -> int:
    fields = {"name": name, "password": password, "code": code, "next": "/readers"}
    return client.post("/sign-in", data=fields, headers={**OURS, **headers}).status_code


def csrf_of(client: TestClient) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]+)">', client.get("/none").text)
    assert found is not None
    return found[1]


# ---- passwords and codes


def test_a_password_is_kept_as_scrypt_makes_it() -> None:
    kept = passwords.hashed(PASSWORD)
    assert re.fullmatch(r"scrypt\$16\$8\$2\$[\w-]{22}\$[\w-]{43}", kept)
    assert passwords.matches(PASSWORD, kept)
    assert not passwords.matches(PASSWORD + " ", kept)
    assert passwords.hashed(PASSWORD) != kept


@pytest.mark.parametrize(
    ("one", "other"), [("caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301 cafe\u0301"), ("ﷺ" * 12, "ﷺ" * 12)]
)
def test_a_password_typed_another_way_is_the_same(one: str, other: str) -> None:
    # With a cheap cost, as a file of another version may have it.
    salt = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
    made = base64.urlsafe_b64encode(passwords._scrypt(one, bytes(16), 10, 8, 1)).decode().rstrip("=")
    assert passwords.matches(other, f"scrypt$10$8$1${salt}${made}")


@pytest.mark.parametrize(
    "kept", ["", "x", "scrypt$30$8$2$" + "A" * 22 + "$" + "A" * 43, passwords.NOBODY, "bcrypt$16$8$2$x$y"]
)
def test_nothing_matches_what_is_no_password(kept: str) -> None:
    assert not passwords.matches("", kept)
    assert not passwords.matches(PASSWORD, kept)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("قصيرة", "سلمى", "12 signs at least"),
        ("س" * 201, "سلمى", "200 signs at most"),
        ("121212121212", "سلمى", "easily guessed"),
        ("سلمى في المكتب", "سلمى", "easily guessed"),
    ],
)
def test_what_is_no_good_password(text: str, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        passwords.password(text, name)


def test_codes_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B: the key is twenty digits, the codes of SHA-1 cut to six.
    secret = base64.b32encode(b"12345678901234567890").decode()
    from datetime import UTC, datetime

    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        now = datetime.fromtimestamp(seconds, UTC)
        step = passwords.step_of(code, secret, now)
        assert step == seconds // 30
        assert passwords.step_of(code, secret, now, after=step) is None
        assert passwords.step_of(code[::-1], secret, now) is None


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    root: Path, clock: Clock, salma: work.SecondFactor, steps: int, counts: bool
) -> None:
    code = code_of(salma, clock, steps)
    assert (passwords.step_of(code, salma.editor.secret, clock.now) is not None) is counts


@pytest.mark.parametrize(
    ("typed", "code"),
    [(" 123 456 ", "123456"), ("١٢٣٤٥٦", "123456"), ("۱۲۳۴۵۶", "123456"), ("MGEX-sg5f–nt3b wpe9", "mgexsg5fnt3bwpe9")],
)
def test_codes_may_be_typed_in_any_digits(typed: str, code: str) -> None:
    assert passwords.typed(typed) == code


# ---- the file


def test_the_file_is_for_its_owner_alone(root: Path, salma: work.SecondFactor) -> None:
    path = editors.path_of(root)
    assert path.stat().st_mode & 0o777 == 0o600
    table = tomllib.loads(path.read_text("utf-8"))["person"][0]
    assert set(table) == {"name", "roles", "password", "secret", "recovery", "last_step"}
    text = path.read_text("utf-8")
    assert PASSWORD not in text
    assert all(code not in text for code in salma.recovery)
    path.chmod(0o644)
    with pytest.raises(WorkspaceError, match="others can read"):
        editors.read(root)


def test_the_settings_leave_the_file_alone(root: Path, salma: work.SecondFactor) -> None:
    with open_workspace(root, {}) as again:
        assert again.settings.desk.url == BASE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[person", "cannot be read"),
        ('person = "سلمى"', r"a table \[\[person\]\]"),
        ('[[person]]\nname = "سلمى"', "name, password and secret"),
        ('[[person]]\nname = "س"\npassword = "x"\nsecret = "A"\nroles = []', "no text of base32"),
        (f'[[person]]\nname = "س"\npassword = "x"\nsecret = "{"A" * 32}"\nroles = ["admin"]', "edit and send"),
        ("\0", "cannot be read"),
    ],
)
def test_a_damaged_file_lets_nobody_in(root: Path, text: str, words: str) -> None:
    path = editors.path_of(root)
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(WorkspaceError, match=words):
        editors.read(root)


def test_two_who_change_it_at_once_lose_nothing(root: Path) -> None:
    def add(number: int) -> None:
        with editors.changed(root) as people:
            time.sleep(0.01)
            name = f"شخص {number}"
            people[editors.folded(name)] = editors.NamedEditor(name, ("edit",), "x", "A" * 32)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(editors.read(root)) == 12


@pytest.mark.parametrize("name", ["سلمى", " سلمى ", "سَلمى", "سلـمى", "\u200fسلمى"])
def test_a_name_is_known_in_all_its_spellings(salma: work.SecondFactor, root: Path, name: str) -> None:
    assert editors.folded(name) in editors.read(root)


# ---- the commands


def test_people_are_added_listed_and_removed(root: Path) -> None:
    done = here_with("أربع كلمات سهلة هنا\n", "-C", root, "desk", "person", "add", "سلمى", "--role", "send", "--stdin")
    assert done.code == 0, done.err
    address, *codes = done.out.split()
    assert address.startswith("otpauth://totp/")
    assert "issuer=" in address
    assert len(codes) == passwords.CODES == len(set(codes))
    kept = editors.path_of(root).read_text("utf-8")
    secret = re.search(r"secret=([A-Z2-7]{32})&", address)
    assert secret is not None
    assert secret[1] in kept
    assert secret[1] in done.err
    again = here_with("أربع كلمات سهلة هنا\n", "-C", root, "desk", "person", "add", "سَلمى", "--stdin")
    complains(again, "there is somebody called سلمى already")
    listed = here("-C", root, "desk", "person", "list", "--json")
    assert json.loads(listed.out) == {"people": [{"name": "سلمى", "roles": ["send"], "recovery_codes": 8}]}
    assert secret[1] not in listed.out + here("-C", root, "desk", "person", "list").out
    renewed = here_with("خمس كلمات أخرى جديدة\n", "-C", root, "desk", "person", "password", "سلمى", "--stdin")
    assert (renewed.code, renewed.out) == (0, "")
    factor = here_with(
        "خمس كلمات أخرى جديدة\n", "-C", root, "desk", "person", "password", "سلمى", "--stdin", "--second-factor"
    )
    assert factor.out.split()[0] != address
    assert here("-C", root, "desk", "person", "remove", "سلمى").code == 2
    assert here("-C", root, "desk", "person", "remove", "سلمى", "--yes").code == 0
    complains(here("-C", root, "desk", "person", "remove", "سلمى", "--yes"), "nobody at the desk is called سلمى")
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        acts = [(one.act, one.about) for one in activity.read(connection) if one.act == "people"]
    assert acts[:4] == [
        ("people", "removed سلمى"),
        ("people", "password سلمى"),
        ("people", "password سلمى"),
        ("people", "added سلمى"),
    ]


def here_with(text: str, *words: str | Path) -> object:
    """The command in a process of its own, with something on its standard input."""
    return there(*words, stdin=None, input=text.encode())


@pytest.mark.parametrize(
    ("name", "words"),
    [("a@example.org", "not an address"), (" ", "wanted"), ("س" * 61, "60 signs at most"), ("أ\nب", "one line")],
)
def test_what_is_no_name(workspace: Workspace, name: str, words: str) -> None:
    with pytest.raises(Exception, match=words):
        work.add(workspace, name, [], PASSWORD)


def test_a_role_that_does_not_exist_is_refused(workspace: Workspace) -> None:
    with pytest.raises(Exception, match="there is no role 'admin'"):
        work.add(workspace, "سلمى", ["admin"], PASSWORD)


def test_nobody_is_asked_for_a_password_without_a_terminal(root: Path) -> None:
    done = here("-C", root, "desk", "person", "add", "سلمى")
    assert done.code == 2
    assert "--stdin" in done.err
    assert not editors.path_of(root).exists()


def test_a_desk_with_an_address_and_nobody_does_not_open(root: Path) -> None:
    complains(here("-C", root, "desk", "--no-open"), "there is nobody", "newsletter desk person add")


# ---- coming in


def test_signing_in(desk: Desk, clock: Clock, salma: work.SecondFactor) -> None:
    client = stranger(desk)
    asked = client.get("/readers/x?q=secret")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/readers/x")
    page = client.get(asked.headers["location"])
    assert 'autocomplete="current-password"' in page.text
    assert 'value="/readers/x"' in page.text
    fields = {"name": "سلمى", "password": PASSWORD, "code": code_of(salma, clock), "next": "/readers"}
    answer = client.post("/sign-in", data=fields, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/readers")
    name, *rest = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-nashra-desk=")
    assert sorted(rest) == ["HttpOnly", "Path=/", "SameSite=strict", "Secure"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    page = client.get("/none")
    assert page.status_code == 404
    assert "سلمى" in page.text
    with desk.workspace.database.read() as connection:
        assert ("سلمى", "sign-in") in [(one.by, one.act) for one in activity.read(connection)]


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("سلمى", PASSWORD + "x", "good"),
        ("سلمى", PASSWORD, "000000"),
        ("سلمى", PASSWORD, ""),
        ("سلمى", "", "good"),
        ("ياسين", PASSWORD, "good"),
        ("", "", ""),
        ("سلمى", "x" * 5000, "good"),
        ("سلمى\0", PASSWORD, "good"),
    ],
)
def test_what_does_not_sign_in_is_told_alike(
    desk: Desk, clock: Clock, salma: work.SecondFactor, name: str, password: str, code: str
) -> None:
    client = stranger(desk)
    good = code_of(salma, clock)
    fields = {"name": name, "password": password, "code": good if code == "good" else code}
    answer = client.post("/sign-in", data=fields, headers=OURS)
    assert answer.status_code == 403
    assert "الاسم أو كلمة المرور أو الرمز غير صحيح." in answer.text
    assert "set-cookie" not in answer.headers
    assert password[:50] not in answer.text or not password
    assert good not in answer.text


def test_a_code_is_taken_once_also_after_a_restart(
    workspace: Workspace, clock: Clock, salma: work.SecondFactor
) -> None:
    code = code_of(salma, clock)
    assert sign_in(stranger(Desk(workspace)), "سلمى", PASSWORD, code) == 303
    assert sign_in(stranger(Desk(workspace)), "سلمى", PASSWORD, code) == 403
    # Nor one that is older than the one that was taken.
    assert sign_in(stranger(Desk(workspace)), "سلمى", PASSWORD, code_of(salma, clock, -1)) == 403
    clock.forward(seconds=30)
    assert sign_in(stranger(Desk(workspace)), "سلمى", PASSWORD, code_of(salma, clock)) == 303


def test_of_two_with_one_code_only_one_comes_in(root: Path, clock: Clock, salma: work.SecondFactor) -> None:
    code, found = code_of(salma, clock), []
    gate = threading.Barrier(4)

    def come() -> None:
        gate.wait()
        found.append(work.known(root, "سلمى", PASSWORD, code, now=clock.now))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in found) == 1


def test_a_recovery_code_is_taken_once(desk: Desk, root: Path, salma: work.SecondFactor) -> None:
    code = salma.recovery[3].upper().replace("-", " ")
    assert sign_in(stranger(desk), "سلمى", PASSWORD, code) == 303
    assert sign_in(stranger(desk), "سلمى", PASSWORD, code) == 403
    assert len(editors.read(root)["سلمى"].recovery) == passwords.CODES - 1
    assert sign_in(stranger(desk), "سلمى", PASSWORD, salma.recovery[0]) == 303


def test_an_unknown_name_takes_as_long(root: Path, clock: Clock, salma: work.SecondFactor) -> None:
    spent: dict[str, list[float]] = {"سلمى": [], "ياسين": []}
    for _ in range(5):
        for name, times in spent.items():
            begun = time.process_time()
            assert work.known(root, name, "another password", "123456", now=clock.now) is None
            times.append(time.process_time() - begun)
    known, unknown = (statistics.median(times) for times in spent.values())
    assert abs(known - unknown) < 0.5 * max(known, unknown), spent
    assert min(known, unknown) > 0.05


def test_a_stranger_waits_longer_each_time(desk: Desk, clock: Clock, salma: work.SecondFactor) -> None:
    client = stranger(desk)
    for _ in range(PAIR.free):
        assert sign_in(client, "سلمى", "wrong wrong wrong", "1") == 403
    answer = client.post("/sign-in", data={"name": "سلمى", "password": PASSWORD, "code": "1"}, headers=OURS)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    with desk.workspace.database.read() as connection:
        assert ("nobody", "sign-in-refused", "3") in [(one.by, one.act, one.about) for one in activity.read(connection)]
    # Refused although all of it is right: nothing is compared while somebody waits.
    assert sign_in(client, "سلمى", PASSWORD, code_of(salma, clock)) == 429
    clock.forward(seconds=1)
    assert sign_in(client, "سلمى", PASSWORD, code_of(salma, clock)) == 303


def test_delays_grow_and_end(clock: Clock) -> None:
    delays, waited = SignInDelays(clock), []
    for _ in range(16):
        while seconds := delays.wait("سلمى", "192.0.2.0/24"):
            clock.forward(seconds=seconds)
            waited.append(seconds)
        delays.failed("سلمى", "192.0.2.0/24")
    assert waited[:5] == [1, 2, 4, 8, 16]
    assert max(waited) == PAIR.longest
    assert delays.wait("سلمى", "198.51.100.0/24") == 0
    assert delays.wait("ياسين", "192.0.2.0/24") > 0  # this network tries too much, whatever the name
    clock.forward(hours=24)
    assert delays.wait("سلمى", "192.0.2.0/24") == 0


def test_many_networks_slow_a_name_down_but_not_its_owner(clock: Clock) -> None:
    delays = SignInDelays(clock)
    delays.passed("سلمى", "203.0.113.0/24")
    for number in range(200):
        delays.failed("سلمى", f"10.{number}.0.0/24")
    assert delays.wait("سلمى", "198.51.100.0/24") == NAME.longest
    assert delays.wait("سلمى", "203.0.113.0/24") == 0
    assert delays.wait("ياسين", "198.51.100.0/24") == 0


def test_one_network_is_slowed_down_whatever_the_names(clock: Clock) -> None:
    delays = SignInDelays(clock)
    for number in range(NETWORK.free):
        delays.failed(f"name {number}", "192.0.2.0/24")
    assert delays.wait("another", "192.0.2.0/24") == 1


def test_delays_are_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.desk import delays as module

    monkeypatch.setattr(module, "MOST", 50)
    delays = SignInDelays(clock)
    for number in range(500):
        delays.failed(f"name {number}", f"10.0.{number % 256}.0/24")
        delays.passed(f"name {number}", f"10.0.{number % 256}.0/24")
    assert len(delays._failures) <= 50
    assert len(delays._known) <= 50


def test_who_asks_is_said_by_trusted_proxies_only(
    workspace: Workspace, clock: Clock, salma: work.SecondFactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(request: desk_app.DeskRequest) -> Response:
        asked.append(request.network)
        return Response("x")

    monkeypatch.setattr(desk_app, "ROUTES", (DeskRoute("GET", "/x", look, "anyone"),))
    for peer in ("127.0.0.1", "192.0.2.9"):
        client = TestClient(create_app(Desk(workspace)), base_url=BASE, client=(peer, 1))
        client.get("/x", headers={"x-forwarded-for": "198.51.100.7, 203.0.113.5"})
    assert asked == ["203.0.113.0/24", "192.0.2.0/24"]


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/readers?state=left#x", "/readers?state=left#x"),
        ("", "/"),
        ("//evil.example/x", "/"),
        ("/\\evil.example", "/"),
        ("/x\\..\\y", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
        ("/sign-out", "/"),
        ("/" + "x" * 600, "/"),
        ("readers", "/"),
    ],
)
def test_nobody_is_led_away(wanted: str, path: str) -> None:
    assert onward(wanted) == path


def test_the_wrong_names_of_a_desk_behind_a_proxy(desk: Desk, salma: work.SecondFactor) -> None:
    for base in ("http://127.0.0.1:8100", "https://desk.example.org:8443", "https://other.example.org"):
        client = TestClient(create_app(desk), base_url=base)
        assert client.get("/sign-in").status_code == 421
    assert stranger(desk).get("/sign-in", headers={"host": "DESK.example.org"}).status_code == 200


def test_no_token_lets_anybody_in_where_people_have_names(desk: Desk, salma: work.SecondFactor) -> None:
    client = stranger(desk)
    token = desk.invitation().partition("#")[2]
    answer = client.post("/enter", data={"token": token}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert client.get("/none").status_code == 303


# ---- being in


def signed_in(desk: Desk, factor: work.SecondFactor, clock: Clock) -> TestClient:
    client = stranger(desk)
    assert sign_in(client, factor.editor.name, PASSWORD, code_of(factor, clock)) == 303
    return client


def test_whoever_is_removed_is_out_at_once(
    workspace: Workspace, desk: Desk, clock: Clock, salma: work.SecondFactor
) -> None:
    client = signed_in(desk, salma, clock)
    assert client.get("/none").status_code == 404
    work.remove(workspace, "سلمى")
    assert client.get("/none").status_code == 303
    # A namesake does not take over what was theirs.
    work.add(workspace, "سلمى", ["send"], PASSWORD)
    assert client.get("/none").status_code == 303


def test_other_roles_count_at_once(workspace: Workspace, desk: Desk, clock: Clock, salma: work.SecondFactor) -> None:
    client = signed_in(desk, salma, clock)
    ours = {**OURS, "x-csrf": csrf_of(client)}
    assert client.post("/settings/nothing", headers=ours).status_code != 403
    done = here("-C", workspace.root, "desk", "person", "roles", "سلمى", "--role", "edit")
    assert done.code == 0, done.err
    assert client.post("/settings/nothing", headers=ours).status_code == 403
    assert client.get("/none").status_code == 404
    complains(here("-C", workspace.root, "desk", "person", "roles", "سلمى", "--role", "x"), "there is no role 'x'")
    complains(here("-C", workspace.root, "desk", "person", "roles", "ياسين"), "nobody at the desk is called ياسين")


def test_a_new_password_ends_what_was_before(
    workspace: Workspace, desk: Desk, clock: Clock, salma: work.SecondFactor
) -> None:
    client = signed_in(desk, salma, clock)
    work.renew(workspace, "سلمى", "كلمة جديدة تمامًا")
    assert client.get("/none").status_code == 303


def test_a_file_that_others_can_read_lets_nobody_do_anything(
    desk: Desk, root: Path, clock: Clock, salma: work.SecondFactor
) -> None:
    client = signed_in(desk, salma, clock)
    editors.path_of(root).chmod(0o644)
    assert client.get("/none").status_code == 500


def test_letters_want_a_password_of_today(
    desk: Desk, clock: Clock, salma: work.SecondFactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def send(request: desk_app.DeskRequest) -> Response:
        sent.append(request.editor.name)
        return Response("sent")

    from newsletter.desk.door import ROUTES

    monkeypatch.setattr(desk_app, "ROUTES", (*ROUTES, DeskRoute("POST", "/send/first/start", send, "send")))
    client = signed_in(desk, salma, clock)
    ours = {**OURS, "x-csrf": csrf_of(client), "accept": "application/json"}
    assert client.post("/send/first/start", headers=ours).text == "sent"
    clock.forward(hours=12)
    late = client.post("/send/first/start", headers=ours)
    assert (late.status_code, late.json()["again"]) == (403, "/again")
    assert client.get("/again?next=/readers").status_code == 200
    wrong = client.post("/again", data={"password": "x", "next": "/readers"}, headers=ours)
    assert wrong.status_code == 403
    assert client.post("/send/first/start", headers=ours).status_code == 403
    right = client.post("/again", data={"password": PASSWORD, "next": "/readers"}, headers=ours)
    assert (right.status_code, right.headers["location"]) == (303, "/readers")
    assert client.post("/send/first/start", headers=ours).text == "sent"
    assert sent == ["سلمى", "سلمى"]
    clock.forward(days=7)
    assert client.get("/none").status_code == 303


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")
def test_the_lock_is_for_its_owner_alone(root: Path, salma: work.SecondFactor) -> None:
    assert (root / "secrets" / ".desk.lock").stat().st_mode & 0o777 == 0o600
