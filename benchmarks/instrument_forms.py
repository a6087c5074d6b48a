"""The forms of the training step that `instruments` compares, as sources: what the repository does not keep as methods.

Promises: BUFFERS is per-layer as it was published, layer by layer with its gradients in lists; a diluted source
computes what it computed, and writes the sample back unchanged before every 50th row of each sweep over W1.
"""

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "sparse_parity"
BUFFERS = '''"""Per-layer, with a list for each gradient."""

from sparse_parity.model import descend, descend_row, forward, init_mlp


def init(n_bits, k_sparse, hp, rng):
    return init_mlp(n_bits, hp, rng)


def predict(state, x, hp):
    _, _, out = forward(state, x)
    return out


def step(state, x, y, hp):
    h_pre, h, out = forward(state, x)
    if out * y >= 1.0:
        return
    dout = -y
    lr = hp["lr"]
    wd = hp["wd"]

    dW2 = [dout * a for a in h]
    dh = [w * dout for w in state["W2"]]
    descend(state["W2"], dW2, lr, wd)
    b2 = state["b2"]
    state["b2"] = b2 - lr * (dout + wd * b2)

    dh_pre = [g if a > 0.0 else 0.0 for g, a in zip(dh, h_pre)]
    for row, g in zip(state["W1"], dh_pre):
        descend_row(row, g, x, lr, wd)
    descend(state["b1"], dh_pre, lr, wd)
'''
REFRESHED = '''

def refreshed(x, j):
    """The sample; before every 50th row each of its cells is written with what it holds."""
    if j % 50 == 0:
        for i in range(len(x)):
            x[i] = x[i]
    return x
'''
FORWARD = (
    "[dot(row, x) + b for row, b in zip(W1, b1)]",
    "[dot(row, refreshed(x, j)) + b for j, (row, b) in enumerate(zip(W1, b1))]",
)
UPDATE = (
    """    for row, g in zip(state["W1"], dh_pre):
        descend_row(row, g, x, lr, wd)
""",
    """    for j, (row, g) in enumerate(zip(state["W1"], dh_pre)):
        descend_row(row, g, refreshed(x, j), lr, wd)
""",
)


def sources() -> dict[str, str]:
    """The repository's model and methods and the form above, by module name."""
    names = ("model", "methods.standard", "methods.fused", "methods.perlayer")
    found = {f"{PACKAGE}.{name}": _text(name) for name in names}
    return found | {f"{PACKAGE}.methods.buffers": BUFFERS}


def _text(name: str) -> str:
    return (ROOT / PACKAGE / f"{name.replace('.', '/')}.py").read_text("utf-8")


def diluted(modules: Mapping[str, str]) -> dict[str, str]:
    """The same modules; those that sweep over W1 as `model.forward` and standard's update do are diluted."""
    return {name: _diluted(text) for name, text in modules.items()}


def _diluted(text: str) -> str:
    swept = text.replace(*FORWARD).replace(*UPDATE)
    return swept + REFRESHED if swept != text else text
