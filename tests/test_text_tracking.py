"""One table of tracking parameters: what stands in it, and that collect, compose and check find copies alike by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.check import CheckContext, CheckInput
from newsletter.check.addresses import page, tracking, without_parameters
from newsletter.check.links import RULES as LINKS
from newsletter.models import Issue, Section, Story
from newsletter.sources.collect import collect
from newsletter.sources.identity import normal_url
from newsletter.text.tracking import TRACKING, is_trace, is_tracking
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import draft
from newsletter.workflows.collect import gather
from newsletter.workspace import folder
from subscribers import store

PLAIN = "https://example.org/2026/11/harbour/"
COPIES = [f"{PLAIN}?ttclid=E.C.P1", f"{PLAIN}?gbraid=0AAAA", f"{PLAIN}?li_fat_id=8ad9-11"]
BEFORE = (
    "fbclid gclid dclid msclkid yclid twclid igshid igsh mc_cid mc_eid share replytocom amp _ga _gl mkt_tok vero_id "
    "wt_mc wprov ref_src ref_url nb utm_source utm_anything hsa_cam pk_campaign mtm_source gbraid wbraid ttclid "
    "li_fat_id _hsenc _hsmi oly_anon_id oly_enc_id s_cid spm"
)
"""What one of the two tables before this one held."""
NEEDED = (
    "id p page page_id paged ref cid source campaign s q cat tag lang m year name attachment_id v story article at pk"
)
"""Sites find their pages by these, whatever some tracker also calls so."""


# The table


@pytest.mark.parametrize("name", BEFORE.split())
def test_every_name_of_the_tables_before_is_known(name: str) -> None:
    assert is_tracking(name)
    assert is_tracking(name.upper())


@pytest.mark.parametrize(
    "name", ["ScCid", "hsCtaTracking", "__hstc", "_openstat", "xtor", "at_medium", "matomo_kwd", "trk"]
)
def test_names_that_are_easily_forgotten(name: str) -> None:
    assert is_tracking(name)


@pytest.mark.parametrize("name", NEEDED.split())
def test_what_a_site_needs_to_find_a_page_stays(name: str) -> None:
    address = f"https://example.org/show?{name}=7"
    assert not is_tracking(name)
    assert normal_url(address) == address
    assert page(address) == f"example.org/show?{name}=7"
    assert tracking(address) == []


@pytest.mark.parametrize("name", ["utm_source", "hsa_cam", "mtm_source", "at_medium", "wt_mc", "share", "amp"])
def test_what_was_written_on_purpose_is_no_trace(name: str) -> None:
    assert is_tracking(name)
    assert not is_trace(name)
    assert tracking(f"https://example.org/a?{name}=letter") == []


def test_every_group_says_where_it_is_from_and_no_name_stands_twice() -> None:
    names = [name for group in TRACKING for name in (*group.traces, *group.campaigns, *group.views)]
    assert len(names) == len(set(names))
    assert all(name == name.lower() and "*" not in name[:-1] for name in names)
    assert all(group.company and group.source for group in TRACKING)
    assert len({group.company for group in TRACKING}) == len(TRACKING)


@given(st.sampled_from([name.replace("*", "x") for group in TRACKING for name in group.traces]), st.integers(0, 9))
def test_both_ways_to_compare_addresses_forget_every_trace(name: str, number: int) -> None:
    plain, traced = f"https://example.org/a?id={number}", f"https://example.org/a?{name}=1&id={number}"
    assert normal_url(traced) == normal_url(plain)
    assert page(traced) == page(plain)
    assert without_parameters(traced, tracking(traced)) == plain


# Three copies of one article


class Nowhere:
    """No site: everything here is a file."""

    def get(self, url: str, *_: Any, **__: Any) -> Any:
        raise AssertionError(url)

    def close(self) -> None:
        pass


@pytest.fixture
def copies(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{number}.txt" for number in range(len(COPIES))]
    for path, url in zip(paths, COPIES, strict=True):
        path.write_text(f"رصيف جديد في مرسى الريحان\n{url}\nافتتح الصيادون الرصيف الجديد صباح السبت.\n", "utf-8")
    return list(map(str, paths))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    folder.make(
        tmp_path / "w",
        name="الموجة",
        url="https://example.org",
        sender="news@example.org",
        web="",
        language="ar",
        timezone="Africa/Algiers",
    )
    with open_workspace(tmp_path / "w", {}) as workspace:
        workspace.__dict__["fetcher"] = Nowhere()
        yield workspace


def test_collect_makes_one_article_of_them(copies: list[str], workspace: Workspace) -> None:
    together = collect(copies, fetcher=workspace.fetcher, now=workspace.now())
    assert [article.url for article in together.articles] == COPIES[:1]
    added = [gather(workspace, [copy]).added for copy in copies]
    assert [len(ids) for ids in added] == [1, 0, 0]


def test_compose_offers_none_of_them_again(copies: list[str], workspace: Workspace) -> None:
    ids = gather(workspace, copies[:1]).added
    with workspace.database.write() as connection:
        store.add_list(connection, "main", "نشرة الموجة", now=workspace.now())
    issue = draft.write(workspace, ids, list_name="main")
    path = Path(issue.path)
    for copy in COPIES:
        path.write_text(path.read_text("utf-8").replace(COPIES[0], copy), "utf-8")
        assert copy in path.read_text("utf-8")
        assert draft.unused(workspace, "main") == []
        path.write_text(path.read_text("utf-8").replace(copy, COPIES[0]), "utf-8")
    path.write_text(path.read_text("utf-8").replace(COPIES[0], PLAIN + "?id=2"), "utf-8")
    assert len(draft.unused(workspace, "main")) == 1


def test_check_finds_them_to_be_one_story() -> None:
    stories = tuple(
        Story("رصيف جديد في مرسى الريحان", url, "افتتح الصيادون الرصيف.", line=at) for at, url in enumerate(COPIES, 7)
    )
    case = CheckInput(Issue(1, "موضوع", sections=(Section("أخبار", stories),)), None, CheckContext())
    found = [problem.code for rule in LINKS for problem in rule(case)]
    assert found.count("story-twice") == 2
    assert found.count("link-tracking") == 3
