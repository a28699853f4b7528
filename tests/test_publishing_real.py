"""Issues published on a real WordPress by the real command: as an author, in a block theme, whatever happens."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import Done, command, environment, here
from golden_letters import FOLDER
from PIL import Image
from real_wordpress import FOLDER as SCRIPTS
from real_wordpress import NEWSROOM, Site, php, running
from settings_text import add_settings
from wordpress_proxy import before

from newsletter.publish.wordpress.session import SiteAccess
from newsletter.workspace import site_access

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEWSROOM
PICTURES = ("flour", "pier", "zaynab", "nets", "scale", "kids", "night", "yasser")
SHORT = """+++
number = {number}
subject = "{subject}"
list = "readers"
+++

صباح الخير.

## أخبار

### [سوق الواحة](https://example.org/souk)
![باب السوق](gate.jpg)
فتحت السوق أبوابها {number}.
"""
HOSTILE = "<script>alert(1)</script> & <img src=x onerror=alert(2)> ' {{ 7*7 }} [nashra]"
MADE = (
    "return WP_Application_Passwords::create_new_application_password(get_user_by('login', '{}')->ID, "
    "['name' => '{}'])[0];"
)
EDITED = (
    "return wp_update_post(['ID' => {0}, 'post_content' => str_replace('صباح', 'مساء', get_post({0})->post_content)]);"
)
WRONG = """() => {
    const wrong = [];
    const look = blocks => blocks.forEach(one => {
        const lost = ['core/missing', 'core/freeform'].includes(one.name);
        if (!one.isValid || lost) wrong.push(`${one.name}: ${one.originalContent}`);
        look(one.innerBlocks);
    });
    look(wp.data.select('core/block-editor').getBlocks());
    return wrong;
}"""
"""Blocks that the editor calls invalid, or does not know."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running(kind="newsroom") as made:
        yield made


@pytest.fixture(scope="module")
def password(site: Site) -> str:
    return str(site.ask(MADE.format("author", "Nashra")))


@pytest.fixture(scope="module")
def root(site: Site, password: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("real") / "w"
    words = ("--name", "الواحة", "--url", site.url, "--from", "الواحة <news@example.org>")
    assert here("init", root, *words, "--timezone", "Africa/Algiers").code == 0
    add_settings(root, '[collect]\nallow_private_hosts = ["127.0.0.1"]')
    # By the command, from stdin, as a script would.
    arguments = ("-C", root, "wordpress", "connect", site.url, "--user", "author", "--stdin")
    done = subprocess.run(
        command(*arguments), input=password, text=True, capture_output=True, env=environment(), check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert password not in done.stderr + done.stdout
    whole = root / "issues" / "31"
    whole.mkdir(parents=True)
    shutil.copy(FOLDER / "elements-ar" / "issue.md", whole)
    for at, name in enumerate(PICTURES):
        Image.new("RGB", (900, 600), (40 + 20 * at, 120, 90)).save(whole / f"{name}.jpg", "JPEG")
    return root


def write(root: Path, number: int, subject: str = "أسبوع الواحة") -> None:
    folder = root / "issues" / str(number)
    folder.mkdir(exist_ok=True)
    quoted = subject.replace("\\", "\\\\").replace('"', '\\"')
    (folder / "issue.md").write_text(SHORT.replace("{number}", str(number)).replace("{subject}", quoted), "utf-8")
    if not (folder / "gate.jpg").exists():
        Image.new("RGB", (64, 48), (number * 7 % 255, 80, 120)).save(folder / "gate.jpg", "JPEG")


def publish(root: Path, number: int, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = here("-C", root, "publish", str(number), "--to", "wordpress", "--json", *arguments)
    return done.code, json.loads(done.out) if done.out else {"error": done.err}


def there(site: Site, number: int) -> dict[str, Any]:
    """What the database of the site has of an issue: its posts, their revisions, its pictures."""
    asked = [*php(site.folder), str(SCRIPTS / "published.php"), str(site.folder), str(number)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_author_s_post_is_kept_as_it_was_written_and_the_same_again_writes_nothing(site: Site, root: Path) -> None:
    code, told = publish(root, 31)
    assert (code, told.get("done")) == (0, "created"), told
    first = there(site, 31)
    (post,) = first["posts"]
    assert (post["post_status"], post["post_name"], told["post"]) == ("draft", "nashra-issue-31", int(post["ID"]))
    expected = (FOLDER / "elements-ar" / "post.html").read_text("utf-8").split("\n\n", 1)[1].rstrip("\n")
    # What the library of the golden issue knows of the story, this workspace does not.
    expected = re.sub('<!-- wp:paragraph {"fontSize":"small"} -->\n<p [^>]*>مدن · .*\n.*-->\n', "", expected)

    def bare(content: str) -> str:
        """Without the numbers and addresses of pictures, which each site gives."""
        return re.sub(r'wp-image-\d+|"id":\d+|src="[^"]*/(?:nashra-31-)?[^"]*"', "·", content)

    assert bare(post["post_content"]) == bare(expected)
    # Six of the eight pictures stand in the post, each once, with its words; portraits do not.
    assert len(first["pictures"]) == 6
    assert all(one["alt"] for one in first["pictures"])
    (featured,) = first["featured"]
    (lead,) = (one for one in first["pictures"] if int(one["ID"]) == featured)
    assert lead["alt"] == "مراكب صيد ملوّنة أمام رصيف حجري"
    code, told = publish(root, 31)
    assert (code, told["done"]) == (0, "unchanged")
    assert there(site, 31) == first


def test_the_block_editor_finds_every_block_valid(site: Site, root: Path, playwright_chromium: Browser) -> None:
    from wordpress_hands import sign_in, tab

    publish(root, 31)
    (post,) = there(site, 31)["posts"]
    with tab(playwright_chromium) as looked:
        sign_in(looked.page, site)
        looked.page.goto(f"{site.url}wp-admin/post.php?post={post['ID']}&action=edit")
        looked.page.wait_for_function("window.wp && wp.data && wp.data.select('core/block-editor').getBlockCount() > 0")
        bad = looked.page.evaluate(WRONG)
    assert bad == []


def test_it_is_read_in_a_block_theme_without_sideways_scrolling(
    site: Site, root: Path, playwright_chromium: Browser
) -> None:
    from wordpress_hands import tab

    _, told = publish(root, 31, "--status", "publish", "--yes")
    assert told["status"] == "publish", told
    for width in (1280, 390):
        with tab(playwright_chromium, width=width) as looked:
            looked.page.goto(told["address"])
            assert looked.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert looked.page.locator("link[rel=canonical]").get_attribute("href") == told["address"]
            assert looked.page.locator("h1").inner_text() == "المدينة تعود إلى البحر: ستة أشهر غيّرت الواجهة"
            assert all(one.startswith((site.url, "data:", "blob:")) for one in looked.requests)


def test_what_an_editor_did_there_stays(site: Site, root: Path) -> None:
    write(root, 40)
    publish(root, 40, "--status", "publish", "--yes")
    (post,) = there(site, 40)["posts"]
    number = post["ID"]
    site.ask(EDITED.format(number))
    code, told = publish(root, 40)
    assert (code, told["done"]) == (1, "refused")
    assert "-<p>صباح الخير.</p>" in told["difference"]
    assert "+<p>مساء الخير.</p>" in told["difference"]
    assert "مساء" in there(site, 40)["posts"][0]["post_content"]
    assert publish(root, 40, "--force")[0] == 0
    assert "صباح" in there(site, 40)["posts"][0]["post_content"]
    site.edit("trash", str(number))
    code, told = publish(root, 40)
    assert (code, told["done"], told["status"]) == (1, "refused", "trash")
    assert len(there(site, 40)["posts"]) == 1
    assert publish(root, 40, "--new")[1]["done"] == "created"
    assert [one["post_status"] for one in there(site, 40)["posts"]] == ["trash", "draft"]
    assert len(there(site, 40)["pictures"]) == 1


def test_four_processes_at_once_make_one_post(site: Site, root: Path) -> None:
    write(root, 41)
    words = command("-C", root, "publish", "41", "--to", "wordpress", "--json")
    running = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(4)
    ]
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 4, told
    assert sorted(json.loads(out)["done"] for out, _ in told) == ["created", "unchanged", "unchanged", "unchanged"]
    found = there(site, 41)
    assert (len(found["posts"]), len(found["pictures"]), found["revisions"]) == (1, 1, 0)


def test_killed_after_each_write_and_started_again_it_is_one_post(site: Site, root: Path, password: str) -> None:
    good = site_access.read(root)
    assert good is not None
    try:
        with before(site.url) as proxy:
            site_access.write(root, SiteAccess(proxy.url, f"{proxy.url}/wp-json/", "author", password))
            for at in (1, 2, 3, 4):
                number = 50 + at
                write(root, number)
                words = command("-C", root, "publish", str(number), "--to", "wordpress", "--status", "publish", "--yes")
                proxy.writes.clear()
                process = subprocess.Popen(
                    words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
                )
                proxy.victim, proxy.at = process.pid, at
                assert process.wait(timeout=60) == -9, proxy.writes
                proxy.at = 0
                code, told = publish(root, number, "--status", "publish", "--yes")
                assert (code, told.get("status")) == (0, "publish"), (at, told)
                found = there(site, number)
                assert (len(found["posts"]), len(found["pictures"])) == (1, 1), (at, found)
                assert found["pictures"][0]["alt"] == "باب السوق"
                assert publish(root, number)[1]["done"] == "unchanged"
    finally:
        site_access.write(root, good)


def test_a_server_that_loses_the_header_is_told_with_both_causes(site: Site, root: Path, password: str) -> None:
    write(root, 60)
    good = site_access.read(root)
    assert good is not None
    try:
        with before(site.url) as proxy:
            proxy.loses = "authorization"
            site_access.write(root, SiteAccess(proxy.url, f"{proxy.url}/wp-json/", "author", password))
            code, told = publish(root, 60)
    finally:
        site_access.write(root, good)
    assert code == 1
    assert "the password is wrong or taken back" in told["error"]
    assert "CGIPassAuth On" in told["error"]
    assert there(site, 60)["posts"] == []


def test_a_site_that_believes_to_be_without_tls_says_so(site: Site, root: Path) -> None:
    write(root, 67)
    config = site.folder / "www" / "wp-config.php"
    text = config.read_text("utf-8")
    assert "WP_ENVIRONMENT_TYPE" in text
    try:
        config.write_text(re.sub(r"define\('WP_ENVIRONMENT_TYPE'[^;]*;", "", text), "utf-8")
        code, told = publish(root, 67)
    finally:
        config.write_text(text, "utf-8")
    assert code == 1, told
    assert "without TLS" in told["error"]


def test_a_missing_section_is_told_and_a_known_one_is_set_once(site: Site, root: Path) -> None:
    write(root, 61)
    code, told = publish(root, 61, "--category", "nowhere")
    assert (code, "no category with the slug nowhere" in told["error"]) == (1, True)
    assert there(site, 61)["posts"] == []
    sport = site.ask("return rawurldecode(get_term_by('name', 'رياضة', 'category')->slug);")
    code, told = publish(root, 61, "--category", sport, "--status", "publish", "--yes")
    assert code == 0, told
    names = f"return wp_get_post_categories({told['post']}, ['fields' => 'names']);"
    assert site.ask(names) == ["رياضة"]
    site.ask(f"return wp_set_post_categories({told['post']}, [get_term_by('name', 'اقتصاد', 'category')->term_id]);")
    path = root / "issues" / "61" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("صباح", "مساء"), "utf-8")
    assert publish(root, 61)[1]["done"] == "updated"
    assert site.ask(names) == ["اقتصاد"]


def test_an_issue_on_the_site_is_not_collected_as_an_article(site: Site, root: Path) -> None:
    write(root, 70)
    assert publish(root, 70, "--status", "publish", "--yes")[0] == 0
    # One known by its number alone, since somebody has renamed it.
    (post,) = there(site, 70)["posts"]
    site.edit("slug", str(post["ID"]), "renamed-by-hand")
    found = site.collect(root, site.url, "--most", "50")
    assert {one["title"] for one in found["articles"]} == {one["title"] for one in site.articles}
    page = site.collect(root, f"{site.url}feed/", "--most", "50")
    assert {one["title"] for one in page["articles"]} <= {one["title"] for one in site.articles}


def test_hostile_titles_do_no_harm(site: Site, root: Path, playwright_chromium: Browser) -> None:
    from wordpress_hands import sign_in, tab

    write(root, 62, HOSTILE)
    code, told = publish(root, 62, "--status", "publish", "--yes")
    assert code == 0, told
    assert publish(root, 62)[1]["done"] == "unchanged"
    with tab(playwright_chromium) as looked:
        alerts: list[str] = []
        looked.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        looked.page.goto(told["address"])
        # WordPress sets its own quotation marks.
        assert re.sub("[‘’]", "'", looked.page.locator("h1").inner_text()).split() == HOSTILE.split()
        sign_in(looked.page, site)
        looked.page.goto(f"{site.url}wp-admin/edit.php")
    assert alerts == []


def roles(site: Site, root: Path, role: str) -> Done:
    made = site.ask(MADE.format(role, role))
    done = subprocess.run(
        command("-C", root, "wordpress", "connect", site.url, "--user", role, "--stdin"),
        input=made,
        text=True,
        capture_output=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("role", "words"), [("admin", "is an administrator there"), ("contributor", "is contributor there")]
)
def test_only_who_may_publish_and_no_more_is_connected(site: Site, root: Path, role: str, words: str) -> None:
    before = site_access.read(root)
    done = roles(site, root, role)
    assert (done.code, words in done.err) == (1, True)
    assert site_access.read(root) == before


def test_wordpress_complains_of_nothing_of_ours(site: Site) -> None:
    """It has faults of its own, for example when a draft is made with a slug."""
    assert [one for one in site.complaints() if "nashra" in one.lower() or "Fatal" in one] == []
