"""The report's page in a headless Chromium, used as a person would: by mouse and keyboard, on a phone, on paper."""

import re
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.pages import hostile_source, make_source, started_browser, write_page

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PAYLOAD = (
    "\"'><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'><svg onload=window.pwned=3>"
    "</summary></details></style></title><style>*{display:none}</style><a href='javascript:window.pwned=4'>x</a>"
    "<iframe src='http://127.0.0.1:9/'></iframe>{{ 7 * 7 }}\u202e\x00"
)


@pytest.fixture(scope="module")
def browser():
    with started_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "report.html", make_source(60))


@contextmanager
def opened(browser, file, wait_until="load", **options):
    """The page, and what it asked for or complained of besides itself."""
    context = browser.new_context(**({"viewport": WIDE} | options))
    page, noise = context.new_page(), []
    page.on("console", lambda message: noise.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("dialog", lambda dialog: noise.append(dialog.message))
    page.on("request", lambda request: noise.append(request.url) if request.url != file.as_uri() else None)
    try:
        page.goto(file.as_uri(), wait_until=wait_until)
        yield page, noise
    finally:
        context.close()


def shown(page):
    """Numbers of the rows in sight, in their order."""
    script = "rows => rows.map(r => +r.cells[0].textContent)"
    return page.eval_on_selector_all(".experiments tbody tr:not([hidden])", script)


def column(page, at):
    """The numbers of one column, in the rows' order; null where there is none."""
    script = f"rows => rows.map(r => r.cells[{at}].dataset.v === undefined ? null : +r.cells[{at}].dataset.v)"
    return page.eval_on_selector_all(".experiments tbody tr", script)


def overflow(page):
    """Pixels by which the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_it_opens_from_the_disk_without_an_error_or_a_request(browser, file):
    with opened(browser, file) as (page, noise):
        assert page.title() == "Ardent report: synthetic"
        assert len(shown(page)) == 61
        page.mouse.wheel(0, 100_000)
        page.locator(".chart a").first.hover()
        assert noise == []


def test_filters_leave_exactly_what_is_asked_for(browser, file):
    with opened(browser, file) as (page, _):
        page.get_by_role("checkbox", name="discarded").uncheck()
        page.get_by_role("checkbox", name="invalid").uncheck()
        assert page.locator(".experiments tbody tr[data-outcome=discarded]:not([hidden])").count() == 0
        assert page.locator(".experiments tbody tr[data-outcome=kept]:not([hidden])").count() > 0
        page.get_by_role("button", name="all").click()
        page.get_by_label("stage").select_option("policy")
        assert page.locator(".experiments tbody tr:not([hidden]):not([data-stage=policy])").count() == 0
        assert page.locator(".experiments tbody tr:not([hidden])").count() > 0
        page.get_by_role("button", name="all").click()
        page.get_by_label("contains").fill("LAMBDA")
        assert 0 < len(shown(page)) < 61
        assert page.locator("output").inner_text() == f"{len(shown(page))} of 61"


def test_a_click_on_a_head_sorts_by_number_and_another_one_turns_it_round(browser, file):
    with opened(browser, file) as (page, _):
        for _ in range(2):
            page.get_by_role("button", name="DMD").click()
            values = [value for value in column(page, 5) if value is not None]
            state = page.locator("th[aria-sort]").get_attribute("aria-sort")
            assert values == sorted(values, reverse=state == "descending")
            assert column(page, 5)[-1] is None, "rows without a number stand last"
        page.get_by_role("button", name="no.").click()
        assert shown(page) == list(range(61))


def test_a_copy_button_copies_its_command(browser, file):
    with opened(browser, file, permissions=["clipboard-read", "clipboard-write"]) as (page, noise):
        button = page.get_by_role("button", name=re.compile("Copy: python -m harness verify")).first
        button.click()
        page.locator(".copy", has_text="copied").wait_for()
        assert re.fullmatch(
            r"python -m harness verify --run synthetic --rerun \d+", page.evaluate("navigator.clipboard.readText()")
        )
        assert noise == []


def test_everything_can_be_done_by_keyboard(browser, file):
    with opened(browser, file) as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "text"
        page.keyboard.type("policy")
        assert 0 < len(shown(page)) < 61
        head = page.get_by_role("button", name="ARD")
        head.focus()
        page.keyboard.press("Enter")
        assert page.locator("th[aria-sort=ascending]").inner_text() == "ARD"
        summary = page.locator(".finding summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator(".finding details").first.get_attribute("open") is not None
        stops = page.eval_on_selector_all(".chart a", "marks => marks.filter(mark => mark.tabIndex >= 0).length")
        assert stops == 0, "hundreds of marks would stand in the tab key's way; the table has the same rows"


def test_a_mark_leads_to_its_row_even_if_that_was_filtered_away(browser, file):
    with opened(browser, file) as (page, _):
        page.get_by_label("contains").fill("no row says this")
        mark = page.locator('.chart a[href="#r0e7"]').first
        mark.click()
        page.locator("#r0e7 details[open]").wait_for()
        assert not page.locator("#r0e7").get_attribute("hidden")
        mark.dispatch_event("pointerover")
        assert mark.locator("title").text_content().startswith("7: ")


@pytest.mark.parametrize("viewport", [WIDE, {"width": 820, "height": 1100}, PHONE], ids=["wide", "tablet", "phone"])
def test_it_is_never_wider_than_the_screen(browser, file, viewport):
    with opened(browser, file, viewport=viewport) as (page, _):
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert overflow(page) <= 0


def test_on_paper_findings_are_whole_and_controls_are_gone(browser, file):
    with opened(browser, file) as (page, _):
        page.emulate_media(media="print")
        for gone in (".copy", ".filters", ".top"):
            assert not page.locator(gone).first.is_visible()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".finding details:not([open])").count() == 0
        assert page.locator(".finding .diff").first.is_visible()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator(".finding details[open]").count() == 0
        assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, file, scheme):
    """WCAG AA: a contrast of 4.5, for ink, links, every outcome, every banner, and code."""
    with opened(browser, file, color_scheme=scheme) as (page, _):
        names = ["ink", "faint", "link", "kept", "discarded", "inconclusive", "invalid"]
        names += ["good", "warning", "broken", "note"]
        found = page.evaluate(CONTRASTS, names)
        assert {name: round(value, 1) for name, value in found.items() if value < 4.5} == {}
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


CONTRASTS = """names => {
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (variable) => {
    probe.style.color = `var(--${variable})`;
    const parts = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map((one) => one / 255);
    const [r, g, b] = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const against = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const grounds = ["paper", "panel"].map(light);
  return Object.fromEntries(names.map((name) => [name, Math.min(...grounds.map((g) => against(light(name), g)))]));
}"""


def test_without_scripts_every_row_is_there(browser, file):
    with opened(browser, file, java_script_enabled=False) as (page, noise):
        assert page.locator(".experiments tbody tr").count() == 61
        assert not page.locator(".filters").is_visible()
        assert noise == []


def test_hostile_words_stay_words(browser, tmp_path):
    file = write_page(tmp_path / "hostile.html", hostile_source(PAYLOAD))
    with opened(browser, file) as (page, noise):
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        page.get_by_role("button", name="DMD").click()
        assert page.evaluate("window.pwned") is None
        assert page.locator("iframe, img, main style, main script").count() == 0
        assert page.locator("main a:not([href^='#'])").count() == 0
        assert noise == []


@pytest.mark.parametrize("policy", [True, False], ids=["with", "without"])
def test_the_policy_stops_what_a_hole_in_the_escaping_would_let_in(browser, file, tmp_path, policy):
    """A script, a style and an image put in where escaping would have failed. Without the policy all of them work."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        image = f"<img src='http://127.0.0.1:{server.getsockname()[1]}/'>"
        hole = f"<script>window.pwned = 1</script><style>h1 {{ display: none }}</style>{image}"
        text = file.read_text("utf-8").replace('<main id="main">', f'<main id="main">{hole}')
        holed = tmp_path / "holed.html"
        holed.write_text(text if policy else text.replace("Content-Security-Policy", "none"), "utf-8")
        with opened(browser, holed, wait_until="commit" if not policy else "load") as (page, noise):
            page.locator("footer").wait_for()
            assert (page.evaluate("window.pwned") is None) == policy
            assert page.locator("h1").first.is_visible() == policy
            assert (len([line for line in noise if "Content Security Policy" in line]) >= 3) == policy
        assert is_connected(server) != policy


def is_connected(server):
    """Whether somebody came."""
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_several_runs_stand_beside_each_other(browser, tmp_path):
    rows = make_source(30).rows
    from dataclasses import replace

    other = [replace(row, run="other", proposer="claude") for row in rows]
    file = write_page(tmp_path / "two.html", make_source(30), make_source(rows=other, name="other"))
    with opened(browser, file, viewport=PHONE) as (page, noise):
        assert page.locator("#comparison tbody tr").count() == 2
        assert "not which proposer is better" in page.locator("#comparison").inner_text()
        names = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
        assert len(set(names)) == len(names)
        assert overflow(page) <= 0
        assert noise == []


def test_an_empty_page_says_how_to_begin(browser, tmp_path):
    with opened(browser, write_page(Path(tmp_path / "none.html"))) as (page, noise):
        assert "python loop.py --budget 20" in page.inner_text("main")
        assert noise == []
