"""Operating characteristics of the gate: what chance keeps, what it loses, how far losses inside tolerances add up.

Pairs are drawn from a pool of real measurements (`benchmarks.pool`) and go through `gate.confirm`, the loop's own
sequence of drawing and judging. Seeded: the same pool gives the same table. `benchmarks.no_effect` is the same question
asked end to end, with real children. Does not cover: candidates that the earlier stages end; the screen is asked first.

    python -m benchmarks.gate [--pool PATH] [--instances 60] [--candidates 2000] [--json]
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from benchmarks.no_effect import CACHE
from benchmarks.pool import Pool, fill
from harness import gate, judge
from harness.measure import Failure
from harness.records import Measurement, Pair, Slack, Verdict
from harness.settings import GateRules

RUN = 20  # candidates of one run: the k-th has the k-th level
STREAMS = ("plain", "stream 1", "stream 2", "stream 3")
STEPS, LINEAGES = 200, 20  # of the ratchet

Draw = Callable[[random.Random, int], Pair | Failure]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `looks`: the place in the run, 0 where the candidates take the places 1 to 20 in turn."""

    name: str
    looks: int
    candidates: int
    kept: int
    discarded: int
    inconclusive: int
    invalid: int
    instances: float


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where `STEPS` candidates in a row that each lose a little end, over several lineages."""

    name: str
    lineages: int
    kept_mean: float
    worst: float
    mean: float
    tolerance: float


# -- pairs --------------------------------------------------------------------------------------------------------


def of(pool: Pool, candidate: str, incumbent: str) -> Draw:
    """The two variants on an instance."""
    return lambda _, at: Pair(f"{at:064x}", pool.measured[candidate, at], pool.measured[incumbent, at])


def no_effect(pool: Pool) -> Draw:
    """The same program with two random streams: any two of four."""

    def draw(rng: random.Random, at: int) -> Pair:
        ours, theirs = rng.sample(STREAMS, 2)
        return of(pool, ours, theirs)(rng, at)

    return draw


def shifted(draw: Draw, *, costs: float = 1.0, traffic: float = 1.0, accuracy: float = 0.0, lost: float = 0.0) -> Draw:
    """The same with the candidate's ARD, DMD and reuse times `costs`, its traffic times `traffic`, and accuracy lost.

    `accuracy` by the candidate, `lost` by both, in points.
    """

    def changed(rng: random.Random, at: int) -> Pair | Failure:
        pair = draw(rng, at)
        if isinstance(pair, Failure):
            return pair
        ours = scale(pair.candidate, costs, traffic, accuracy + lost)
        return replace(pair, candidate=ours, incumbent=scale(pair.incumbent, 1.0, 1.0, lost))

    return changed


def scale(one: Measurement, costs: float, traffic: float, accuracy: float) -> Measurement:
    """The measurement with those factors; `accuracy` is lost, in points."""
    right = int(one.test_bits, 16)
    for _ in range(round(accuracy * one.test_total)):
        right &= right - 1
    return replace(
        one,
        ard_distance=round(one.ard_distance * costs),
        dmd=one.dmd * costs,
        reuse=round(one.reuse * costs),
        reads=round(one.reads * traffic),
        writes=round(one.writes * traffic),
        test_correct=right.bit_count(),
        test_bits=f"{right:0{len(one.test_bits)}x}",
    )


def failing(draw: Draw, rate: float, *, crashes: bool) -> Draw:
    """The same, and on that part of the instances the candidate crashes, or leaves them unsolved."""

    def drawn(rng: random.Random, at: int) -> Pair | Failure:
        pair = draw(rng, at)
        if isinstance(pair, Failure) or rng.random() >= rate:
            return pair
        return Failure("a rare branch") if crashes else replace(pair, candidate=replace(pair.candidate, solved=False))

    return drawn


def centred(pool: Pool, candidate: str, incumbent: str, gain: float) -> Draw:
    """Two different programs, with the candidate's costs scaled so that the mean log ratio of each is that gain."""
    pairs = [of(pool, candidate, incumbent)(random.Random(0), at) for at in range(pool.instances)]
    means = {
        name: fmean(math.log(value(p.candidate) / value(p.incumbent)) for p in pairs if isinstance(p, Pair))
        for name, value in judge.VALUES.items()
    }
    to = {name: math.exp(math.log1p(-gain) - mean) for name, mean in means.items()}

    def drawn(rng: random.Random, at: int) -> Pair:
        pair = of(pool, candidate, incumbent)(rng, at)
        assert isinstance(pair, Pair)
        one = scale(pair.candidate, 1.0, to["traffic"], 0.0)
        one = replace(one, dmd=one.dmd * to["dmd"], reuse=round(one.reuse * to["reuse"]))
        return replace(pair, candidate=replace(one, ard_distance=round(one.ard_distance * to["ard"])))

    return drawn


# -- candidates ---------------------------------------------------------------------------------------------------


def judged(draw: Draw, pool: Pool, rng: random.Random, looks: int, slack: Slack) -> tuple[Verdict, list[Pair]]:
    """One candidate: screened on one instance, confirmed on others, none used twice."""
    rules = pool.task.rules
    first, *rest = rng.sample(range(pool.instances), 1 + rules.max_instances)
    screened = draw(rng, first)
    if isinstance(screened, Failure):
        return Verdict("invalid", "screen", screened.reason), []
    verdict = judge.screen(screened, rules)
    if verdict is not None:
        return verdict, []
    verdict, drawn = gate.confirm(lambda index: draw(rng, rest[index]), slack, rules, looks)
    return verdict, [each for each in drawn if isinstance(each, Pair)]


def tried(name: str, draw: Draw, pool: Pool, count: int, looks: int = 0) -> Row:
    """The fates of so many candidates."""
    rng, fates, drawn = random.Random(name), {"kept": 0, "discarded": 0, "inconclusive": 0, "invalid": 0}, []
    for number in range(count):
        verdict, pairs = judged(draw, pool, rng, looks or 1 + number % RUN, Slack())
        fates[verdict.outcome] += 1
        drawn += [len(pairs)] if verdict.stage == "confirm" else []
    return Row(name, looks, count, **fates, instances=fmean(drawn) if drawn else 0.0)


def ratchet(name: str, at_loss: Callable[[float], Draw], pool: Pool, *, each: float, tolerance: float) -> Lineage:
    """`STEPS` candidates in a row, each against the last one kept; each kept one truly loses `each`."""
    kept = []
    for number in range(LINEAGES):
        rng, slack, count, looks = random.Random(f"{name}/{number}"), Slack(), 0, 0
        for _ in range(STEPS):
            verdict, pairs = judged(at_loss(count * each), pool, rng, looks + 1, slack)
            looks += verdict.stage == "confirm"
            if verdict.outcome == "kept":
                count, slack = count + 1, judge.slack_after(slack, verdict, pairs)
        kept.append(count)
    return Lineage(name, LINEAGES, fmean(kept), max(kept) * each, fmean(kept) * each, tolerance)


def characteristics(pool: Pool, count: int, say: Callable[[str], None]) -> tuple[list[Row], list[Lineage]]:
    """The whole table."""
    rules: GateRules = pool.task.rules
    edge = centred(pool, "40 units", "plain", rules.min_gain)
    plain, exact = no_effect(pool), of(pool, "plain", "7 rows of waste")
    cases: list[tuple[str, Draw, int]] = [
        ("no effect: other random streams", plain, 0),
        ("no effect: other random streams, always the first of a run", plain, 1),
        ("no effect: another rounding", of(pool, "rounding", "plain"), 0),
        ("other program, gain exactly min_gain, first of a run", edge, 1),
        ("fused order", of(pool, "fused", "plain"), 0),
        ("true gain of 2 %, same predictions", of(pool, "plain", "3 rows of waste"), 0),
        ("true gain of 5 %, same predictions", exact, 0),
        ("true gain of 2 %, other rounding", of(pool, "rounding", "3 rows of waste"), 0),
        ("true gain of 5 %, other rounding", of(pool, "rounding", "7 rows of waste"), 0),
        ("true gain of 5 %, other random streams", shifted(plain, costs=0.95, traffic=0.95), 0),
        ("true gain of 30 %, other random streams", shifted(plain, costs=0.7, traffic=0.7), 0),
        ("true gain of 50 %, other random streams", shifted(plain, costs=0.5, traffic=0.5), 0),
        ("true accuracy gain of 3 points", of(pool, "plain", "blunt"), 0),
        ("gain of 5 %, leaves 12 % unsolved", failing(exact, 0.12, crashes=False), 0),
        ("gain of 5 %, crashes on 12 %", failing(exact, 0.12, crashes=True), 0),
        ("gain of 5 %, crashes on 17 %", failing(exact, 0.17, crashes=True), 0),
        ("gain of 5 %, crashes on 25 %", failing(exact, 0.25, crashes=True), 0),
    ]
    rows = []
    for name, draw, looks in cases:
        rows.append(tried(name, draw, pool, count * 5 if name.startswith("no effect: other") else count, looks))
        say(f"  {rows[-1].kept:>6} of {rows[-1].candidates} kept: {name}")
    return rows, ratchets(pool, rules)


def ratchets(pool: Pool, rules: GateRules) -> list[Lineage]:
    """Small losses of accuracy and traffic in gains that are certain."""
    still, noisy = of(pool, "rounding", "plain"), no_effect(pool)

    def traffic(draw: Draw, costs: float, each: float) -> Lineage:
        said = "other random streams" if draw is noisy else "other rounding"
        worse = shifted(draw, costs=costs, traffic=1 + each)
        limit = rules.traffic_tolerance
        return ratchet(f"traffic +{each:.1%} each, {said}", lambda _: worse, pool, each=each, tolerance=limit)

    def accuracy(draw: Draw, costs: float, each: float) -> Lineage:
        said = "other random streams" if draw is noisy else "other rounding"

        def at_loss(lost: float) -> Draw:
            return shifted(draw, costs=costs, traffic=costs, accuracy=each, lost=lost)

        limit = rules.accuracy_tolerance
        return ratchet(f"accuracy -{100 * each:.1f} points each, {said}", at_loss, pool, each=each, tolerance=limit)

    return [
        traffic(still, 0.95, 0.002),
        traffic(noisy, 0.2, 0.002),
        traffic(noisy, 0.2, 0.01),
        accuracy(still, 0.95, 0.004),
        accuracy(noisy, 0.2, 0.002),
        accuracy(noisy, 0.2, 0.004),
        accuracy(noisy, 0.2, 0.01),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Operating characteristics of the gate.")
    parser.add_argument("--pool", type=Path, default=CACHE / "pool.jsonl", help="default: %(default)s")
    parser.add_argument("--instances", type=int, default=60, help="of the pool; about 25 s of processor time each")
    parser.add_argument("--candidates", type=int, default=2000, help="of each kind; five times as many without effect")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    say = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731 - one line
    pool = fill(arguments.pool, arguments.instances, say)
    rows, lineages = characteristics(pool, arguments.candidates, say)
    if arguments.json:
        about = {"instances": pool.instances, "failures": pool.failures, "lines_of_other_meters": pool.other_meters}
        print(json.dumps({**about, "rows": [asdict(r) for r in rows], "ratchets": [asdict(r) for r in lineages]}))
        return
    print(f"{'':<62}{'candidates':>10}{'kept':>8}{'instances':>11}")
    for row in rows:
        print(f"{row.name:<62}{row.candidates:>10}{row.kept / row.candidates:>8.2%}{row.instances:>11.1f}")
    print(f"\n{STEPS} losses in a row, {LINEAGES} times{'':<29}{'kept':>7}{'lost':>8}{'most':>8}{'tolerance':>11}")
    for line in lineages:
        print(f"{line.name:<56}{line.kept_mean:>6.1f}{line.mean:>8.2%}{line.worst:>8.2%}{line.tolerance:>11.1%}")


if __name__ == "__main__":
    main()
