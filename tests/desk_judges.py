"""What is wrong with a page of the desk as Chromium shows it: room, targets, and what axe finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from letter_judges import axe_source

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = """
only => axe.run(document, {resultTypes: ['violations'], iframes: false, ...(only && {runOnly: only})})
  .then(found => found.violations.map(one =>
    [one.impact, one.id, one.nodes.map(node => node.html.slice(0, 160))]))
"""
_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that ask what colour something has."""
# Joined letters are taken for an icon font, whose contrast axe leaves alone: so they are looked at in Latin as well.
_LATIN = """
(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replace(/[\\u0600-\\u06ff]/g, 'x');
})()
"""
_ACROSS = """
(() => {
  const root = document.documentElement;
  const outside = [...document.querySelectorAll('body *')].filter(one => {
    if (!one.checkVisibility() || one.closest('.unseen, .skip, iframe, svg')) return false;
    for (let at = one; at && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== 'visible') return false;
    const box = one.getBoundingClientRect();
    return box.width > 0 && (box.left < -1 || box.right > innerWidth + 1);
  });
  return {across: root.scrollWidth, room: root.clientWidth,
    outside: outside.slice(0, 5).map(one => one.outerHTML.slice(0, 120))};
})()
"""
_TARGETS = """
(() => {
  const known = {}, small = [];
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab]';
  // Nothing behind an open dialog can be hit.
  for (const one of (document.querySelector('dialog:modal') || document).querySelectorAll(wanted)) {
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (one.closest('.unseen, .skip')) continue;
    // A link within a sentence stands as high as its line.
    if (one.localName === 'a' && getComputedStyle(one).display === 'inline') continue;
    const key = one.localName + '.' + one.className;
    if ((known[key] = (known[key] || 0) + 1) > 3) continue;
    one.scrollIntoView({block: 'center', inline: 'nearest'});
    const labels = [...(one.labels || [])];
    const whole = (one.type === 'radio' || one.type === 'checkbox') && labels[0] ? labels[0] : one;
    const box = whole.getBoundingClientRect();
    const mine = (x, y) => {
      const hit = document.elementFromPoint(x, y);
      return hit && (one.contains(hit) || labels.some(label => label.contains(hit)));
    };
    const reach = (dx, dy) => {
      let far = 0;
      while (far < 30 && mine(box.left + box.width / 2 + dx * far, box.top + box.height / 2 + dy * far)) far++;
      return far;
    };
    const wide = reach(-1, 0) + reach(1, 0), high = reach(0, -1) + reach(0, 1);
    if (wide < 43 || high < 43) small.push([wide, high, one.outerHTML.slice(0, 160)]);
  }
  return small;
})()
"""


def axe(page: Page, *, latin: bool = False, colours: bool = False) -> list[Any]:
    """What axe finds of serious weight; the letter's frame is left out.

    Args:
        page: Any page.
        latin: Its colours in Latin letters too; the page is spoilt afterwards.
        colours: Only what its colours are asked for, of a page whose other rules were asked in other colours.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    found = page.evaluate(_AXE, _COLOURS if colours else None)
    if latin:
        page.evaluate(_LATIN)
        found += page.evaluate(_AXE, _COLOURS)
    return [one for one in found if one[0] in ("serious", "critical")]


def across(page: Page) -> list[str]:
    """What stands outside of the page's width; empty when nothing scrolls sideways."""
    seen = page.evaluate(_ACROSS)
    if seen["across"] <= seen["room"] and not seen["outside"]:
        return []
    return [f"{seen['across']} of {seen['room']}", *seen["outside"]]


def targets(page: Page) -> list[list[Any]]:
    """Controls whose hit area is less than 44 pixels: width, height and what they are."""
    found: list[list[Any]] = page.evaluate(_TARGETS)
    return found
