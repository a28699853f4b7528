"""A letter goes only as somebody has approved it, where the settings say so: no way of freezing it goes round that."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command import complains, here, make_workspace
from newsroom import received

from newsletter import issues, ledger
from newsletter.errors import NotApprovedError
from newsletter.ledger import activity, approvals
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import approving, refreeze, weekly
from newsletter.workflows import plan as plans
from newsletter.workflows.plan import Plan
from subscribers import actions

ASKED = "\n[desk]\napproval = true\n"
PEOPLE = '\n[desk]\napproval = true\nurl = "https://desk.example.org"\n'


def workspace_of(root: Path, settings: str = ASKED, url: str = "") -> Path:
    make_workspace(root, readers=3)
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8") + settings, "utf-8")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workspace_of(tmp_path / "w")


def planned(workspace: Workspace, **how: object) -> Plan:
    (issue,) = issues.every(workspace.root)
    return plans.make(workspace, issue, list_name="", rhythm="weekly", **how)  # type: ignore[arg-type]


def draft(root: Path) -> Path:
    (path,) = root.glob("issues/*/issue.md")
    return path


def edit(root: Path, old: str, new: str) -> None:
    path = draft(root)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def approved(workspace: Workspace, by: str = "سلمى") -> str:
    plan = planned(workspace)
    approving.approve(workspace, plan.issue, plan.fingerprint, by=by)
    return plan.fingerprint


def sends(workspace: Workspace) -> list[str]:
    with workspace.database.read() as connection:
        return [one.state for one in ledger.sends(connection)]


def test_the_fingerprint_is_of_the_letter_and_not_of_its_day(root: Path, tmp_path: Path) -> None:
    with open_workspace(root, {}) as workspace:
        first = plans.fingerprint(workspace, planned(workspace))
        later: datetime = workspace.now() + timedelta(days=40)
        workspace.now = lambda: later  # type: ignore[method-assign]
        assert plans.fingerprint(workspace, planned(workspace)) == first
        assert approving.shown(first) == f"{first[:4]} {first[4:8]}"
        everybody = plans.fingerprint(
            workspace, plans.make(workspace, planned(workspace).issue, list_name="", rhythm="all")
        )
        assert everybody != first
        for old, new in (("انتهت", "انتهى"), ("أسوارها", "أسوارَها")):
            before = plans.fingerprint(workspace, planned(workspace))
            edit(root, old, new)
            assert plans.fingerprint(workspace, planned(workspace)) != before, old


def test_a_reader_who_chooses_other_topics_voids_nothing(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", f'{ASKED}\n[topics.readers.1]\ntitle = "رياضة"\nsections = ["رياضة"]\n')
    with draft(root).open("a", encoding="utf-8") as file:
        file.write("\n## رياضة\n\n### سباق القوارب ينطلق من المرسى\nشارك فيه ستون قاربًا.\n")
    with open_workspace(root, {}) as workspace:
        first = approved(workspace)
        assert [(one.cut.without, one.audience) for one in planned(workspace).variants] == [((), 3)]
        with workspace.database.write() as connection:
            actions.prefer(connection, 2, 1, now=workspace.now(), rhythm="weekly", declined_topics=1)
        plan = planned(workspace)
        assert len(plan.variants) == 2
        assert plan.fingerprint == first
        assert plans.freeze_plan(workspace, plan).audience == 3


def test_what_nobody_approved_is_frozen_by_no_way(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        later = workspace.now() + timedelta(days=1)
        for send_at in (None, later):
            with pytest.raises(NotApprovedError, match="is not approved"):
                plans.freeze_plan(workspace, planned(workspace), send_at=send_at)
        with pytest.raises(NotApprovedError):
            weekly.run(workspace)
        from newsletter.api.newsroom import Newsroom

        with pytest.raises(NotApprovedError):
            Newsroom(workspace).send()
        assert sends(workspace) == []
        approved(workspace)
        plans.freeze_plan(workspace, planned(workspace), send_at=later, by="ليلى")
        edit(root, "انتهت", "انتهى")
        with pytest.raises(NotApprovedError, match="was changed since"):
            refreeze.carry_out(workspace, refreeze.prepare(workspace, "1"))
        assert sends(workspace) == ["scheduled"]
        with workspace.database.read() as connection:
            told = [(one.by, one.act, one.about) for one in activity.read(connection, acts=["approve", "schedule"])]
        assert told == [("ليلى", "schedule", "1"), ("سلمى", "approve", "1")]
    assert received(root) == []


def test_one_changed_letter_voids_it_and_the_old_text_is_approved_again(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        approved(workspace)
        edit(root, "انتهت", "انتهى")
        with pytest.raises(NotApprovedError, match="was changed since"):
            plans.freeze_plan(workspace, planned(workspace))
        edit(root, "انتهى", "انتهت")
        assert plans.freeze_plan(workspace, planned(workspace)).state == "running"


def test_a_plan_made_before_the_change_is_judged_by_its_own_letter(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        edit(root, "انتهت", "انتهى")
        changed = planned(workspace)
        edit(root, "انتهى", "انتهت")
        approved(workspace)
        with pytest.raises(NotApprovedError):
            plans.freeze_plan(workspace, changed)


def test_a_plan_of_before_approval_was_asked_for_is_not_approved_by_an_earlier_one(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        approved(workspace)
        edit(root, "انتهت", "انتهى")
        plan = replace(planned(workspace), fingerprint="")
        with pytest.raises(NotApprovedError, match="was changed since it was approved"):
            plans.freeze_plan(workspace, plan)


def test_whoever_wrote_last_cannot_approve_where_people_are_known(tmp_path: Path) -> None:
    root = workspace_of(tmp_path / "w", PEOPLE)
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            approvals.note_editor(connection, "1", by="ليلى", now=workspace.now())
        with pytest.raises(NotApprovedError, match="wrote at issue 1 last"):
            approved(workspace, "ليلى")
        approved(workspace, "سلمى")
        # Whoever approved first and wrote then has approved their own words.
        with workspace.database.write() as connection:
            approvals.note_editor(connection, "1", by="سلمى", now=workspace.now())
        with pytest.raises(NotApprovedError):
            plans.freeze_plan(workspace, planned(workspace))
        approved(workspace, "ليلى")
        assert plans.freeze_plan(workspace, planned(workspace)).state == "running"


def test_alone_at_the_desk_one_may_approve_what_one_wrote(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            approvals.note_editor(connection, "1", by="editor", now=workspace.now())
        approved(workspace, "editor")
        assert plans.freeze_plan(workspace, planned(workspace)).state == "running"


def test_more_readers_than_agreed_to_get_nothing(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=3)
    with open_workspace(root, {}) as workspace:
        plan = planned(workspace)
    assert plan.audience == 3
    assert here("-C", root, "subscribers", "add", "late@example.net").code == 0
    with open_workspace(root, {}) as workspace:
        with pytest.raises(plans.AudienceGrownError, match="4 subscribers by now, not to 3"):
            plans.freeze_plan(workspace, plan, most=3)
        assert sends(workspace) == []
        assert plans.freeze_plan(workspace, plan, most=4).audience == 4


def test_the_commands_approve_and_refuse(root: Path) -> None:
    refused = here("-C", root, "send", "1", "--yes")
    complains(refused, "issue 1 is not approved", "newsletter approve 1", code=3)
    complains(here("-C", root, "weekly", "--yes"), "is not approved", code=3, lines=6)
    dry = here("-C", root, "send", "1", "--dry-run")
    assert dry.code == 0
    assert "note: issue 1 is not approved" in dry.err
    complains(here("-C", root, "approve", "1"), code=2, lines=2)  # nobody there to ask
    done = here("-C", root, "approve", "1", "--yes", "--json")
    told = json.loads(done.out)
    assert (done.code, told["issue"], told["list"], told["rhythm"]) == (0, 1, "readers", "weekly")
    assert told["approved_by"].startswith("terminal:")
    assert len(told["fingerprint"]) == 64
    assert f"fingerprint {approving.shown(told['fingerprint'])}" in done.err
    again = here("-C", root, "approve", "1", "--yes", "--json")
    assert json.loads(again.out) == told
    assert "Approved already by terminal:" in again.err
    assert here("-C", root, "send", "1", "--yes").code == 0
    assert len(received(root)) == 3
    complains(here("-C", root, "approve", "1", "--yes"), "frozen already (finished)")
    acts = [one["act"] for one in json.loads(here("-C", root, "log", "--json").out)["acts"]]
    assert acts == ["send", "approve", "add"]


def test_a_letter_with_errors_is_not_approved(root: Path) -> None:
    edit(root, draft(root).read_text("utf-8").partition("subject = ")[2].splitlines()[0], '""')
    done = here("-C", root, "approve", "1", "--yes")
    assert done.code == 3
    assert "Nothing approved" in done.err
