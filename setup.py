"""Builds the memory trace as a C extension where a compiler exists; everything runs without it, slowly.

The same source file serves both: `harness/memory_trace.py` in Cython's pure-Python mode.
"""

import hashlib
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCE = "harness/memory_trace.py"


class BuildTrace(build_ext):
    """Builds the extension, and leaves beside it the hash of the source that it was built from."""

    def run(self) -> None:
        """Build; an extension of other source is removed first, so that it cannot outlive a failed build."""
        for old in [*Path("harness").glob("memory_trace*.so"), Path("harness/memory_trace.sha256")]:
            old.unlink(missing_ok=True)
        super().run()
        digest = hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest()
        for extension in self.extensions:
            built = Path(self.get_ext_fullpath(extension.name))
            if built.exists():
                built.with_name("memory_trace.sha256").write_text(digest + "\n")


def extensions() -> list[Extension]:
    """The meter, built where that is possible. `cythonize` forgets `optional`, so it is set on what it returns."""
    meter = Extension("harness.memory_trace", [SOURCE], extra_compile_args=["-O3"])
    built: list[Extension] = cythonize([meter], compiler_directives={"language_level": "3"})
    for extension in built:
        extension.optional = True
    return built


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildTrace})
