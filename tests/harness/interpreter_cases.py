"""Short programs that lean on one corner of the language each: order of evaluation, lifetimes, truth, loops.

Promises: `source_of(name)` is a whole method that the policy allows, for inputs of `INPUTS` bits.
"""

INPUTS = 4

METHOD = """import math

RATE = -0.5


def blend(left, right, amount):
    left = [u + amount * v for u, v in zip(left, right)]
    return left


def damp(value: float, amount: float = 0.25, sign=-1.0):
    return sign * amount * value


def shrink(values, w):
    s = w[0]
    values = [v * RATE for v in values[1:]]
    s += w[1] + w[0]
    while len(values) > 1:
        values.pop()
        s += w[2]
    return s + values[0]


def pair(values, y):
    if y > 0:
        return values[0], y
    return y, values[-1]


def init(n_bits, k_sparse, hp, rng):
    return {{
        "w": [rng.gauss(0.0, 1.0) for _ in range(4)],
        "m": [[rng.random(), rng.uniform(0.0, 2.0)] for _ in range(3)],
        "s": 0.5,
        "k": 1 + rng.randrange(3),
    }}


def step(state, x, y, hp, tracker):
    w = state["w"]
    m = state["m"]
    s = state["s"]
    tracker.write("w", len(w))
{body}


def predict(state, x, hp):
    return float(state["s"] + sum(state["w"]) + len(state["m"]) + hp["lr"])
"""

BODIES = {
    "what is said in several ways": """
a = b = w[0]
c: float = damp(a) + damp(b, sign=0.5) + damp(amount=y, value=b)
assert c < 1e9 and len(w) > 1
d, e = m[0]
for u, v in m:
    c += u * v
for i, (u, v) in enumerate(m, start=2):
    c += u * i - v
c += sum(w, 0.5) + max(w, default=y) + min((u for u in w if u > 1e9), default=-0.5) + math.erf(d * e)
state["s"] = c
""",
    "and or values of empty lists": """
e = [0.0]
e.clear()
a = (e and y) or s
b = (w or e)
c = e or w or s
q = s
if e and y or w:
    q = 1.0
if not (e and w):
    q += 1.0
z = not (e and y)
zz = float(z)
while e or q > 5.0:
    q -= 1.0
state['s'] = q + zz + len(b) + len(c)
""",
    "if exp": """
e = [0.0]
e.clear()
q = (1.0 if e else 2.0) if w else 3.0
if (e if y > 0 else w):
    q += 1.0
if ((e and w) if y > 0 else (w and e)):
    q += 1.0
state['s'] = q
""",
    "times left": """
u = state['k'] * [state['s']]
v = [state['s'], w[0]] * state['k']
state['s'] = sum(u) + sum(v)
""",
    "empty list": """
e = list()
e.append(y)
state['s'] = sum(e)
""",
    "temporaries": """
q = [1.0, 2.0][0] + w[0] + sum([u for u in w]) * w[1] + [w[0], w[1]][1]
state['s'] = q + w[2]
""",
    "rebind argument": """
state['s'] = shrink([u + 1.0 for u in w], w)
""",
    "for else": """
q = 0.0
for u in [w[0], w[1], y]:
    q += u
    if q > 100.0:
        break
else:
    q += w[2]
for i in range(3):
    if w[i] > 0:
        continue
    q += 1.0
state['s'] = q
""",
    "while else": """
i = 0
while i < 3:
    i += 1
    if w[i] > 2.0:
        break
else:
    i = 7
state['k'] = i % 3
""",
    "nested comprehension": """
t = [[a * b for a in w if a > -9.0] for b in w[1:]]
z = [c for row in t for c in row if c]
state['s'] = sum(z) + len(t)
""",
    "generators": """
state['s'] = sum(a * b for a, b in zip(w, reversed(w))) + max(a for row in m for a in row)
state['s'] += min((a + i for i, a in enumerate(w, 2)))
t = sorted((u * y for u in w), reverse=True)
state['s'] += t[0] + float(any(u > 0 for u in w)) + float(all(m))
""",
    "rows": """
for row in m:
    row[0] += 1.0
    if row[0] > 3:
        break
r = m.pop(0)
m.append(r)
m[0] = [y, 1.0]
m[1] += [2.0]
m[1].pop()
state['s'] = float(m[0] == m[1]) + float(m[0] in m) + float([1.0, 2.0] in m)
m.reverse()
m.insert(1, [0.5, 0.5])
m.pop()
""",
    "loop over popped rows": """
q = 0.0
t = [[1.0], [2.0], [3.0]]
for a, u in zip(t, w):
    if len(t) > 2:
        t.pop(0)
    q += w[0] + a[0]
for row in t:
    t.pop()
    q += w[0]
state['s'] = q
""",
    "slices": """
w[::2] = w[:2]
w[1:3] = [y, w[0]]
u = w[::-1] + w[-2:] * 2
u[:] = u.copy()
state['s'] = sum(u) + u.index(u[-1]) + u.count(y)
""",
    "sorting": """
u = w + [y]
u.sort()
u.reverse()
u.sort(reverse=True)
u.extend([v for v in w])
u.extend(u)
u.insert(1, y)
u.pop(-2)
state['s'] = u[2] + len(u)
""",
    "chains": """
q = w[0] < w[1] <= w[2] != w[3]
r = 0 < len(w) < 9 and y in w
t = y not in w
state['s'] = float(q) + float(r) + float(t)
""",
    "swaps": """
w[0], w[1] = w[1], w[0]
a, b = w[2], y
a, b = b, a
a, c = pair(w, y)
w[2], state['s'] = pair(w, b)
state['s'] += a + c
""",
    "integers": """
k = state['k']
j = (k << 3) | 5 ^ 2
j = (j * 6364136223846793005 + 1442695040888963407) % 2 ** 40
j = (j >> 24) & ~1
j **= 2
j //= 7
j %= 1000
j <<= 2
j |= 1
state['k'] = 1 + j % 3 + int(w[0] / 1e9) + round(0.4) + math.floor(0.5)
""",
    "mathematics": """
state['s'] = math.tanh(w[0]) + math.hypot(w[1], 1.0) + math.pi - math.log(3.0, 2)
state['s'] += round(w[2], 2) + (-y) ** 2 + 2 ** -0.5 + abs(w[1]) + w[0] // 0.7 + w[0] % 0.3
""",
    "records": """
g = {'a': w[0], 'r': [w[1], y], 'inner': {'b': y}}
g['a'] += w[1]
g['r'] = [g['a']]
g['r'] += [1.0]
g['inner'] = {'b': g['inner']['b'] + 1.0}
state['s'] = g['a'] + sum(g['r']) + g['inner']['b']
state['w'] = w[:]
""",
    "keywords": """
state['s'] = blend(w, amount=w[0], right=w[1:] + [y])[1] + blend(right=w, left=w, amount=0.5)[0]
""",
    "strict zip": """
state['s'] = sum(a - b for a, b in zip(w, w[:], strict=True)) + max(len(w), 2, w[0])
for i, (a, b) in enumerate(zip(w, x)):
    state['s'] += i * a * b
for i in reversed(range(1, len(w), 2)):
    state['s'] += w[i]
""",
    "deep": """
for i in range(2):
    for j in range(3):
        if i == j:
            for u in w:
                if u > 0:
                    break
            else:
                state['s'] += 1.0
        elif i < j:
            pass
        else:
            continue
    w[i] = -w[i]
""",
}


def source_of(name):
    """The text of a method whose `step` is that body."""
    lines = BODIES[name].strip("\n").split("\n")
    return METHOD.format(body="\n".join(f"    {line}" for line in lines))
