"""A profile as one HTML page: the sentence, the buffers, the histogram of distances, and every line with its bar.

Promises: self-contained, no scripts, light and dark, readable on a phone; every text of the candidate's is escaped.
Does not cover: the PNG.
"""

from collections.abc import Iterable, Sequence
from html import escape

from harness.profiling import Line, Profile, Sums
from harness.profiling.table import HEADS, ROWS, answer, headline, level_rows, place, share

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --faint: #667; --rule: #d8dbe0;
        --bar: #9dc1e8; --hot: #f2a79b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --paper: #16181c; --faint: #99a0aa; --rule: #363b43; --bar: #2d5b8c; --hot: #8c3f34; }
}
body { margin: 0 auto; max-width: 76rem; padding: 1rem; color: var(--ink); background: var(--paper);
       font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p.answer { font-size: 1.05rem; border-left: .3rem solid var(--hot); padding-left: .7rem; }
p.note, td.faint { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: right; font-weight: 600; border-bottom: 1px solid var(--rule); padding: .15rem .5rem; }
th { white-space: nowrap; }
td { text-align: right; padding: .1rem .5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
th.left, td.left { text-align: left; }
a { color: inherit; }
tr:target { outline: 2px solid var(--hot); }
td.bar { min-width: 5.5rem; background-repeat: no-repeat; background-size: 100% 100%; }
.code td { font: 12.5px/1.4 ui-monospace, monospace; border-top: 1px solid transparent; }
.code td.source { text-align: left; white-space: pre; width: 100%; }
@media (max-width: 40rem) {
  body { padding: .6rem; font-size: 14px; } .less { display: none; } .code td { font-size: 11px; }
}
"""
NOTE = (
    "Distance, reads and mean distance are of the reads in training steps, as ARD counts them: the mean distance "
    "of all of them is the ARD. DMD counts every access: init, training, and the predictions of the check that "
    "found the task solved, and so does energy: each at the cost of the smallest memory level that holds its LRU "
    "depth. A loop's own reads stand at its header. Shares are of the whole."
)


def render(profile: Profile, title: str) -> str:
    """The page; `title` says task and seed."""
    total = profile.total
    buffers = [_row([b.name], b.sums, total, [b.where]) for b in profile.buffers]
    lines = [_line(line, total) for line in profile.lines[:ROWS]]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1><p>{escape(headline(profile))}</p>",
        f'<p class="answer">{escape(answer(profile))}</p><p class="note">{NOTE}</p>',
        "<h2>By buffer</h2>",
        _table([_heads(["buffer"], ["held first at"]), *buffers]),
        "<h2>By line</h2>",
        _table([_heads(["line"], ["source"]), *lines], "code"),
        "<h2>How far back the reads reach</h2>",
        _table(_histogram(total)),
        "<h2>Which level of memory holds what is accessed</h2>",
        _table(_levels(profile)),
        *(_file(path, profile.sources[path], profile) for path in _by_distance(profile)),
        *_harness(profile.lines, total),
        "</body></html>",
    ]
    return "\n".join(parts)


def _by_distance(profile: Profile) -> list[str]:
    """The sources, that with the line of the largest distance first."""
    return [path for path in dict.fromkeys(line.path for line in profile.lines) if path in profile.sources]


def _line(line: Line, total: Sums) -> str:
    """A row of the hottest lines: its place leads to it in its file."""
    named = f'<a href="#{escape(line.path)}:{line.line}">{escape(place(line))}</a>' if line.path else "harness"
    source = f'<td class="source">{escape(line.text)}</td>'
    return f'<tr><td class="left">{named}</td>{_numbers(line.sums, total)}{source}</tr>'


def _table(rows: Iterable[str], kind: str = "") -> str:
    return f'<div class="wide"><table class="{kind}">{"".join(rows)}</table></div>'


def _heads(before: Sequence[str], after: Sequence[str]) -> str:
    left = [f'<th class="left">{head}</th>' for head in before]
    numbers = [f'<th class="{"less" if head != HEADS[0] else ""}">{head}</th>' for head in HEADS]
    return f"<tr>{''.join([*left, *numbers])}{''.join(f'<th class=left>{head}</th>' for head in after)}</tr>"


def _row(before: Sequence[str], sums: Sums, total: Sums, after: Sequence[str], kind: str = "left faint") -> str:
    left = "".join(f'<td class="left">{escape(text)}</td>' for text in before)
    right = "".join(f'<td class="{kind}">{escape(text)}</td>' for text in after)
    return f"<tr>{left}{_numbers(sums, total)}{right}</tr>"


def _numbers(sums: Sums, total: Sums) -> str:
    if not sums.reads + sums.writes:
        return "<td></td>" + 4 * '<td class="less"></td>'
    mean = f"{sums.mean_distance:,.0f}" if sums.ard_reads else "-"
    return (
        _bar(sums.ard_distance, total.ard_distance, "--hot", "")
        + _bar(sums.ard_reads, total.ard_reads, "--bar", "less")
        + f'<td class="less">{mean}</td>'
        + _bar(sums.dmd, total.dmd, "--bar", "less")
        + _bar(sums.picojoules, total.picojoules, "--bar", "less")
    )


def _bar(part: float, whole: float, colour: str, kind: str) -> str:
    """A cell whose background is filled as far as the share goes."""
    percent = 100 * part / whole if whole else 0.0
    fill = f"linear-gradient(90deg, var({colour}) {percent:.2f}%, transparent {percent:.2f}%)"
    return f'<td class="bar {kind}" style="background-image:{fill}">{share(part, whole)}</td>'


def _histogram(total: Sums) -> list[str]:
    used = [i for i, count in enumerate(total.distances) if count] or [0]
    rows = ['<tr><th class="left">distance, accesses</th><th>reads</th><th class="left">share of the reads</th></tr>']
    for i in range(used[0], used[-1] + 1):
        count = total.distances[i]
        reach = "1" if i == 0 else f"{2**i:,} to {2 ** (i + 1) - 1:,}"
        bar = _bar(count, total.ard_reads, "--bar", "left").replace("<td ", '<td width="60%" ')
        rows.append(f'<tr><td class="left">{reach}</td><td>{count:,}</td>{bar}</tr>')
    return rows


def _levels(profile: Profile) -> list[str]:
    heads = ("level", "a word, pJ", "accesses", "energy", "source of the cost")
    kinds = ("left", "", "", "", "left faint")
    rows = ["".join(f'<th class="{kind}">{head}</th>' for head, kind in zip(heads, kinds, strict=True))]
    rows += [
        "".join(f'<td class="{k}">{escape(c)}</td>' for c, k in zip(cells, kinds, strict=True))
        for cells in level_rows(profile)
    ]
    return [f"<tr>{row}</tr>" for row in rows]


def _file(path: str, text: str, profile: Profile) -> str:
    found = {line.line: line.sums for line in profile.lines if line.path == path}
    nothing = Sums(0, 0, 0, 0, 0, 0, 0.0, ())
    rows = [
        f'<tr id="{escape(path)}:{at}">'
        + _row([str(at)], found.get(at, nothing), profile.total, [source], "source").removeprefix("<tr>")
        for at, source in enumerate(text.splitlines(), start=1)
    ]
    return f"<h2>{escape(path)}</h2>" + _table([_heads(["line"], ["source"]), *rows], "code")


def _harness(lines: Sequence[Line], total: Sums) -> list[str]:
    rows = [_row([line.text], line.sums, total, []) for line in lines if not line.path]
    return ["<h2>The harness</h2>" + _table([_heads([""], []), *rows])] if rows else []
