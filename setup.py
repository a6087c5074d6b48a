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
        """Build; record the source's hash so that a stale extension is noticed, never used."""
        super().run()
        digest = hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest()
        for extension in self.extensions:
            built = Path(self.get_ext_fullpath(extension.name))
            if built.exists():
                built.with_name("memory_trace.sha256").write_text(digest + "\n")


setup(
    ext_modules=cythonize(
        [Extension("harness.memory_trace", [SOURCE], optional=True, extra_compile_args=["-O3"])],
        compiler_directives={"language_level": "3"},
    ),
    cmdclass={"build_ext": BuildTrace},
)
