"""The forms of the meter that must count the same: compiled where it is, uncompiled, and the reference.

Promises: `FORMS` always has an uncompiled form, loaded from the source file, and the reference. The form that
the harness itself imports comes first, compiled or not.
"""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from harness import interpreter, memory_trace


class Form(NamedTuple):
    """One implementation: the class of its meter, and its function that walks a value uncounted."""

    meter: Any
    walk_all: Any

    def walk(self, value):
        """The numbers, lengths and field names, which all forms have alike; the containers are left out."""
        return (part for part in self.walk_all(value) if type(part) in (tuple, str, float, int, bool, type(None)))


def load_uncompiled():
    """The source file of memory_trace as a module of its own, whatever the compiled one is."""
    source = Path(memory_trace.__file__).with_name("memory_trace.py")
    spec = importlib.util.spec_from_file_location("uncompiled_memory_trace", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.compiled
    return module


def _forms():
    uncompiled = load_uncompiled()
    return {
        "imported": Form(memory_trace.Meter, memory_trace.walk),
        "uncompiled": Form(uncompiled.Meter, uncompiled.walk),
        "reference": Form(interpreter.Trace, interpreter.walk),
    }


FORMS = _forms()
