"""Judges that exist for Node only: MJML's own validator for every template, html-validate for letters and reports.

They are installed in tests/node (``npm install --no-package-lock --ignore-scripts``), which CI does; elsewhere these
tests are skipped when they are not there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import golden_letters as golden
import pytest
import report_pages
from jinja2 import Environment

from newsletter.letters.templates import environment
from newsletter.report.page import page

pytestmark = pytest.mark.slow

NODE = Path(__file__).parent / "node"


def judged(letters: dict[str, dict[str, str]]) -> dict[str, dict[str, list[str]]]:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "html-validate").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("node or tests/node/node_modules is missing, and in CI every template must be judged")
        pytest.skip("not installed: npm install --no-package-lock --ignore-scripts in tests/node")
    done = subprocess.run(
        [node, "judge.mjs"],
        cwd=NODE,
        input=json.dumps(letters),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def reports(templates: Environment) -> dict[str, str]:
    both = replace(report_pages.silent(), reports=(report_pages.silent().reports[0], report_pages.issue("en")))
    return {
        "ar": page(report_pages.whole("ar"), report_pages.publication("ar"), templates),
        "fa": page(report_pages.whole("fa", clicks=False), report_pages.publication("fa"), templates),
        "several": page(both, report_pages.publication("en"), templates),
    }


def test_the_reference_validators_find_nothing_in_any_letter() -> None:
    templates = environment()
    letters = {}
    for name in golden.NAMES:
        for theme in golden.THEMES:
            one = golden.golden(name)
            one = replace(one, issue=replace(one.issue, template=theme))
            letters[f"{name} as {theme}"] = {
                "mjml": golden.mjml(one, templates),
                "html": golden.rendered(one, templates).html,
            }
    for language in ("ar", "en", "fr"):
        for kind in golden.SMALL:
            html = golden.small(kind, language, templates).rendered.html
            letters[f"{kind} in {language}"] = {"mjml": "<mjml><mj-body></mj-body></mjml>", "html": html}
    for name, html in reports(templates).items():
        letters[f"report, {name}"] = {"mjml": "<mjml><mj-body></mj-body></mjml>", "html": html}
    found = judged(letters)
    assert set(found) == set(letters)
    assert {name: faults for name, faults in found.items() if faults["mjml"] or faults["html"]} == {}


def test_they_find_what_is_seeded() -> None:
    source = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
    page = '<!doctype html><html lang="ar"><head><title>x</title></head><body>{}</body></html>'
    seeded = {
        "unknown tag": (source.format("<mj-txt>a</mj-txt>"), "mjml", "mj-txt"),
        "unknown attribute": (source.format('<mj-text colour="red">a</mj-text>'), "mjml", "colour"),
        "bad nesting": ("<mjml><mj-body><mj-text>a</mj-text></mj-body></mjml>", "mjml", "mj-text"),
        "stray end": (page.format("<p>a</p></b>"), "html", "close-order"),
        "no alt": (page.format('<img src="a.png">'), "html", "alt"),
        "two in one": (page.format('<p id="a"></p><p id="a"></p>'), "html", "Duplicate"),
        "heading skipped": (page.format("<h1>a</h1><h3>b</h3>"), "html", "heading-level"),
    }
    fine = {"mjml": source.format("<mj-text>a</mj-text>"), "html": page.format("<p>a</p>")}
    found = judged({"fine": fine, **{name: {**fine, kind: wrong} for name, (wrong, kind, _) in seeded.items()}})
    assert found["fine"] == {"mjml": [], "html": []}
    for name, (_, kind, about) in seeded.items():
        assert any(about in fault for fault in found[name][kind]), (name, found[name])
