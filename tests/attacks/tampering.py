"""Cheats that reach for the meter, the harness or the machine: the policy refuses each."""

from harness.records import Edit
from tests.attacks.attack import CHAMPION, FORWARD, NEW, at_top, before, change, refused

TAMPERING = (
    refused("import os", "escape", at_top("import os\n"), "import os is not allowed"),
    refused("import in a function", "escape", before(FORWARD, "import sys"), "an import inside a function"),
    refused("import gc to find the meter", "tampering", at_top("import gc\n"), "import gc is not allowed"),
    refused("import time", "tampering", at_top("import time\n"), "import time is not allowed"),
    refused("import the harness", "tampering", at_top("from harness import memory_trace\n"), "importing from harness"),
    refused(
        "import the tracker's insides",
        "tampering",
        at_top("from sparse_parity.tracker import MemTracker\n"),
        "the harness owns it",
    ),
    refused("import by name", "escape", before(FORWARD, '__import__("os")'), "calling __import__"),
    refused("dunder access", "escape", before(FORWARD, "x.__class__.__init__(x)"), "is not allowed"),
    refused("globals of a function", "escape", before(FORWARD, "a = forward.__globals__"), "is not allowed"),
    refused("the meter of a list", "tampering", before(FORWARD, "a = x.meter"), ".meter is not allowed"),
    refused("resetting the meter", "tampering", before(FORWARD, "x.meter.reads = 0"), "assigning to an attribute"),
    refused("open a file", "escape", before(FORWARD, 'open("/etc/passwd")'), "calling open"),
    refused("eval", "escape", before(FORWARD, 'eval("1")'), "calling eval"),
    refused("exec", "escape", before(FORWARD, 'exec("import os")'), "calling exec"),
    refused("getattr", "escape", before(FORWARD, 'a = getattr(x, "items")'), "calling getattr"),
    refused("globals", "escape", before(FORWARD, "a = globals()"), "calling globals"),
    refused("print an escape code", "injection", before(FORWARD, 'print("\\x1b[2J")'), "calling print"),
    refused("the rewriter's own names", "tampering", before(FORWARD, "_put(1.0)"), "calling _put"),
    refused(
        "a local with the rewriter's name",
        "tampering",
        before(FORWARD, "_number = 1.0"),
        "the harness keeps such names",
    ),
    refused("code in an annotation", "escape", at_top('def f(v: eval("1")):\n    return v\n'), "annotation"),
    refused("a decorator", "escape", at_top("@forward\ndef f(v):\n    return v\n"), "a decorator"),
    refused("code in the champion", "escape", (change('"standard"', '__import__("os").name', CHAMPION),), "METHOD"),
    refused("a computed hyperparameter", "tampering", (change("0.01", "1 / 3", CHAMPION),), "finite number"),
    refused("a path as the method", "escape", (change('"standard"', '"../model"', CHAMPION),), "METHOD"),
    refused("a coding comment", "escape", (Edit("create", NEW, text="# coding: utf-7\n"),), "a coding comment"),
    refused("an escape code in the source", "injection", before(FORWARD, "# \x1b[2J"), "U+001B"),
    refused("text that runs backwards", "injection", before(FORWARD, "# \u202e gnihton"), "U+202E"),
    refused("a name that looks like another", "injection", before(FORWARD, "ѕtate = 1.0"), "beyond ASCII"),
    refused(
        "catching the meter's errors",
        "tampering",
        before(FORWARD, "try:", "    x.append(1.0)", "except TypeError:", "    pass"),
        "try is not allowed",
    ),
)
