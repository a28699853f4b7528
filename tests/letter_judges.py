"""What is wrong with a letter as Chromium shows it: sides, room, contrast and accessibility."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from browser import Page
from PIL import Image

from newsletter.letters.render.palette import contrast

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"

LOOK = """
(() => {
  const wanted = document.documentElement.dir || document.querySelector('[dir]').dir, bad = [], rects = [];
  const side = wanted === 'rtl' ? 'right' : 'left', other = wanted === 'rtl' ? 'left' : 'right';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = 9, tight = 9, texts = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data.trim(), own = node.parentElement;
    if (!text || own.closest('script,style') || !own.getClientRects().length) continue;
    const style = getComputedStyle(own), name = text.slice(0, 40);
    texts++;
    if (style.direction !== wanted && !own.closest('span[dir],pre[dir]')) bad.push('direction: ' + name);
    let block = own;
    while (getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    if (getComputedStyle(block).direction !== wanted && !block.closest('pre[dir]')) bad.push('block: ' + name);
    const at = getComputedStyle(block).textAlign.replace('-webkit-', '');
    // In the middle stands what the letter itself puts there.
    const middle = at === 'center' && block.closest('[align=center],[style*="text-align:center"]');
    // Columns of a table of data have sides of their own, and may be set a little smaller when there are many.
    const data = own.closest('table')?.querySelector(':scope > * > tr > th') && own.closest('td,th');
    const meant = data || block.closest('pre[dir]') || block.closest('td')?.matches(`[align=${other}]`) || middle;
    if (![side, 'start'].includes(at) && !meant) bad.push(at + ': ' + name);
    if (style.fontStyle !== 'normal' && wanted === 'rtl') bad.push('slanted: ' + name);
    if (style.letterSpacing !== 'normal') bad.push('spaced: ' + name);
    const size = parseFloat(style.fontSize), height = parseFloat(style.lineHeight);
    if (height && text.includes(' ')) {
      // Headlines may stand closer than what runs on.
      if (size < 20 && !own.closest('.bandbtn')) lowest = Math.min(lowest, height / size);
      else tight = Math.min(tight, height / size);
    }
    if (size < (data ? 12 : 13) && !own.closest('sup')) bad.push('small: ' + name);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    rects.push([name, box.left, box.top, box.right, box.bottom]);
    if (box.height > 2.5 * height && box.width < 80) bad.push('squeezed: ' + name);
  }
  const images = [...document.images].map(image => ({alt: image.getAttribute('alt'), width: image.width,
    shape: image.naturalWidth / image.naturalHeight, drawn: image.width / image.height,
    fit: getComputedStyle(image).objectFit}));
  const root = document.documentElement;
  return {bad, rects, texts, lowest, tight, images, across: root.scrollWidth, room: root.clientWidth};
})()
"""


def look(page: Page) -> dict[str, Any]:
    """What stands where: faults of direction and room, the box of every text, every picture."""
    found: dict[str, Any] = page.run(LOOK)
    return found


def dim(page: Page, *, dark: bool, width: int = 375) -> list[tuple[str, str, str]]:
    """The texts that cannot be read, measured on the picture: the darkest and the lightest dot of each are close.

    Args:
        page: The page, showing a letter.
        dark: Whether the letter must be dark now; its ground tells whether it is.
        width: CSS pixels that it is shown at.
    """
    drawn = Image.open(io.BytesIO(page.picture(width=width))).convert("RGB")
    corner = max(drawn.getpixel((2, drawn.height - 3)))  # type: ignore[type-var, arg-type]
    assert corner < 60 if dark else corner > 200
    light = _luminance(drawn)
    found = []
    for text, left, top, right, bottom in look(page)["rects"]:
        box = (int(left), int(top), int(right) + 1, min(int(bottom) + 1, drawn.height))
        if box[1] >= drawn.height or not re.search(r"\w{2}", text):
            continue
        darkest, lightest = light.crop(box).getextrema()
        # WCAG 2.2's contrast, roughly: what is far above the limit is not looked at dot by dot.
        if (lightest / 255 + 0.05) / (darkest / 255 + 0.05) < 6:  # type: ignore[operator]
            found += _too_close(text, drawn.crop(box))
    return found


def _luminance(drawn: Image.Image) -> Image.Image:
    """The relative luminance of every dot (WCAG 2.2), 0 to 255."""
    linear = [round(255 * (at / 255 / 12.92 if at <= 10 else ((at / 255 + 0.055) / 1.055) ** 2.4)) for at in range(256)]
    return drawn.point(linear * 3).convert("L", (0.2126, 0.7152, 0.0722, 0))


def _too_close(text: str, dots: Image.Image) -> list[tuple[str, str, str]]:
    shades = sorted({dot for _, dot in dots.getcolors(1 << 20) or []}, key=sum)  # type: ignore[arg-type]
    darkest, lightest = (f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (shades[0], shades[-1]))  # type: ignore[misc]
    return [(text, darkest, lightest)] if contrast(darkest, lightest) < 4 else []


def axe_source() -> str:
    """The source of axe-core; in CI it must be there."""
    if not AXE.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{AXE} is missing, and in CI every letter must be judged")
        pytest.skip("axe-core is not installed: npm install --no-package-lock --ignore-scripts in tests/node")
    return AXE.read_text("utf-8") + "; null"


JUDGE = """
axe.run(document, {resultTypes: ['violations'], OPTIONS}).then(result => result.violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))]))
"""
# axe takes joined letters for the ligatures of an icon font and leaves their contrast alone: it gets Latin ones.
LATIN = """
(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    walker.currentNode.data = walker.currentNode.data.replace(/[\\u0590-\\u08ff]/g, 'x');
})()
"""


def judged(page: Page, axe: str) -> list[Any]:
    """What axe finds that is serious or critical, in the letter that the page shows; its Arabic is gone after it."""
    page.run(axe)
    found = page.run(JUDGE.replace("OPTIONS", ""))
    page.run(LATIN)
    contrasts = page.run(JUDGE.replace("OPTIONS", "runOnly: ['color-contrast']"))
    return [*found, *contrasts]
