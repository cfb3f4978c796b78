"""The pages in a real browser, on a phone and on a desk, light and dark."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages import evaluation, measured, subject
from vaekit.report.page import comparison, page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LEAST_CONTRAST = 4.5
"""Of WCAG 2.2, level AA, for text."""
CONTRAST = """
() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const back = channels(getComputedStyle(e).backgroundColor);
      if (back.length === 3 || back[3] > 0) return back;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = channels(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < LEAST) found.push([ratio.toFixed(2), element.textContent.trim().slice(0, 40)]);
  }
  return found;
}
""".replace("LEAST", str(LEAST_CONTRAST))


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of each kind."""
    long = subject(name="a-run-with-a-very-long-name-that-never-breaks-" * 4)
    texts = {
        "digits": page(subject()),
        "plane": page(subject(options={"latents": 2, "net": "mlp", "hidden": (8,)})),
        "photographs": page(subject(shape=(3, 64, 48), n=24, levels=256)),
        "table": page(subject(shape=(5,), levels=None)),
        "autoencoder": page(subject("ae", prior=False)),
        "long": page(replace(long, options={"x" * 300: "y" * 300})),
        "comparison": comparison([subject(name="a"), long, measured(subject(), "c", evaluation(80.0))]),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


KINDS = ("digits", "plane", "photographs", "table", "autoencoder", "long", "comparison")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 800), (1280, 900)], ids=["phone", "desk"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_disk(
    kind: str, size: tuple[int, int], scheme: str, chromium: "Browser", pages: dict[str, Path]
) -> None:
    address = pages[kind].as_uri()
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=True,
    )
    try:
        tab = context.new_page()
        told: list[str] = []
        asked: list[str] = []
        tab.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: told.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(address)
        assert told == []
        assert [url for url in asked if not url.startswith("data:")] == [address]
        wide = tab.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
        assert max(wide) <= size[0]
        broken = tab.evaluate(
            "[...document.images].filter((i) => !(i.complete && i.naturalWidth > 0)).length"
        )
        assert broken == 0
        assert tab.evaluate("document.images.length + document.querySelectorAll('svg').length") > 0
        assert tab.evaluate(CONTRAST) == []
        back = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (back == "rgb(255, 255, 255)") == (scheme == "light")
    finally:
        context.close()


def test_a_script_in_a_name_does_not_run(chromium: "Browser", tmp_path: Path) -> None:
    run = subject(
        name="<script>document.title = 'stolen'</script><img src=x onerror=\"document.title='stolen'\">"
    )
    path = tmp_path / "hostile.html"
    path.write_text(page(run), encoding="utf-8")
    tab = chromium.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    assert tab.title().startswith("<script>document.title")
    assert "<script>" in tab.inner_text("h1")
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    tab.close()
