"""A profile in words and as tables for the terminal.

Promises: one sentence that says which buffers the ARD comes from, and how far back their reads reach; shares are of
the whole, not of the rows shown. Does not cover: the plot and the page.
"""

from collections.abc import Sequence

from harness.profiling import Buffer, Line, Profile, Sums

MOST = 0.8  # of the distance: the sentence names the fewest buffers that make so much
ROWS = 12  # of each table
HEADS = ("distance", "reads", "mean distance", "DMD", "energy")
TEXT_WIDTH = 60


def headline(profile: Profile) -> str:
    """What was trained, and its numbers."""
    total = profile.total
    ended = {True: "solved after", False: "not solved in", None: "the first"}[profile.solved]
    return (
        f"{profile.method}: {ended} {profile.samples:,} samples; ARD {total.mean_distance:,.1f} = distance "
        f"{total.ard_distance:.4g} / {total.ard_reads:.4g} reads; DMD {total.dmd:.4g}; "
        f"energy {joules(total.picojoules)}"
    )


def joules(picojoules: float) -> str:
    """Picojoules, and the same in a unit that reads well."""
    for size, unit in ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ")):
        if picojoules >= size:
            return f"{picojoules:,.4g} pJ ({picojoules / size:.3g} {unit})"
    return f"{picojoules:,.4g} pJ"


def answer(profile: Profile) -> str:
    """Why the ARD is what it is: the buffers that make most of the distance, and how far back their reads reach."""
    total = profile.total.ard_distance
    if not total:
        return "Nothing is read in training: there is no average reuse distance."
    chosen: list[Buffer] = []
    for buffer in profile.buffers:
        chosen.append(buffer)
        if sum(b.sums.ard_distance for b in chosen) >= MOST * total:
            break
    makes = _joined([f"{b.name} {share(b.sums.ard_distance, total)}" for b in chosen])
    reach = _joined([f"{b.sums.mean_distance:,.0f}" for b in chosen])
    reads = share(sum(b.sums.ard_reads for b in chosen), profile.total.ard_reads)
    return (
        f"The ARD comes from {makes}: {reads} of the reads in training, which reach back {reach} accesses on "
        f"average to the last write or the stamp at the step's start; {profile.peak_cells:,} cells are alive at most."
    )


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def share(part: float, whole: float) -> str:
    """In percent, one decimal; a dash for a part of nothing."""
    return f"{part / whole:.1%}" if whole else "-"


def tables(profile: Profile) -> list[str]:
    """The lines of the three tables: by buffer, by source line, and by memory level."""
    return [
        *buffer_table(profile, ROWS),
        *_more(len(profile.buffers), "buffers"),
        "",
        *line_table(profile, ROWS),
        *_more(len(profile.lines), "lines"),
        "",
        *_aligned([("memory level", "word, pJ", "accesses", "energy"), *(row[:4] for row in level_rows(profile))]),
    ]


def buffer_table(profile: Profile, most: int) -> list[str]:
    """The buffers with the largest distance, `most` of them."""
    rows = [(b.name, *_cells(b.sums, profile.total), b.where) for b in profile.buffers[:most]]
    return _aligned([("buffer", *HEADS, "held first at"), *rows])


def line_table(profile: Profile, most: int) -> list[str]:
    """The source lines with the largest distance, `most` of them."""
    rows = [(place(at), *_cells(at.sums, profile.total), _short(at.text)) for at in profile.lines[:most]]
    return _aligned([("line", *HEADS, "source"), *rows])


def level_rows(profile: Profile) -> list[tuple[str, ...]]:
    """Each level of memory: name, cost of a word, shares of accesses and energy, where the cost is from."""
    total = profile.total
    return [
        (
            level.name,
            f"{level.picojoules:g}",
            share(count, total.reads + total.writes),
            share(level.picojoules * count, total.picojoules),
            level.source,
        )
        for level, count in zip(profile.levels, total.levels, strict=False)
    ]


def _cells(sums: Sums, total: Sums) -> tuple[str, ...]:
    distance = f"{sums.mean_distance:,.0f}" if sums.ard_reads else "-"
    return (
        share(sums.ard_distance, total.ard_distance),
        share(sums.ard_reads, total.ard_reads),
        distance,
        share(sums.dmd, total.dmd),
        share(sums.picojoules, total.picojoules),
    )


def place(line: Line) -> str:
    """`path:line`, without the package; of the harness just its name."""
    return f"{line.path.removeprefix('sparse_parity/')}:{line.line}" if line.path else "harness"


def _short(text: str) -> str:
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1] + "…"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  " + "  ".join(
            cell.ljust(width) if at in (0, last) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip


def _more(count: int, noun: str) -> list[str]:
    return [f"  ({count - ROWS} more {noun}: see the page)"] if count > ROWS else []
