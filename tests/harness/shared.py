"""Folders that several tests share: a test that changes one fails, by its name, and not the next test that looks there.

Every folder that a fixture of a wider scope than one test hands out is looked at before the first test and after each
test that has it, directly, as an attribute or through another fixture: which files and folders there are, and each
file's size, mode and time. That takes 3 ms for a project with its repository. It promises nothing about bytecode, about
folders that lie deeper in a fixture's value, nor about fixtures asked for by name while the test runs (the scenes of
tests/harness/test_docs_commands.py, which are there to be changed).
"""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

LOOKS = pytest.StashKey[dict[Path, dict[str, object]]]()


def look(root):
    """What is there: a file's size, mode and time of change by its path, and a folder by its path alone."""
    found, folders = {}, [str(root)]
    while folders:
        for entry in os.scandir(folders.pop()):
            path = os.path.relpath(entry.path, root)
            if not entry.is_dir(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                found[path] = (state.st_size, state.st_mode, state.st_mtime_ns)
            elif entry.name != "__pycache__":
                found[path] = None
                folders.append(entry.path)
    return found


def shared_folders(values):
    """Folders that pytest made, and not for this test alone, among the values of its fixtures and their attributes."""
    if "tmp_path_factory" not in values:
        return set()
    made, own = values["tmp_path_factory"].getbasetemp(), values.get("tmp_path")
    held = [each for value in values.values() for each in (value, *getattr(value, "__dict__", {}).values())]
    folders = {each for each in held if isinstance(each, Path) and each.is_relative_to(made) and each.is_dir()}
    return {folder for folder in folders - {made} if not (own and folder.is_relative_to(own))}


@contextmanager
def left_alone(config, folders):
    """The folders must be after the block as they were."""
    known = config.stash.setdefault(LOOKS, {})
    before = {folder: known[folder] if folder in known else look(folder) for folder in folders}
    try:
        yield
    finally:  # also after a failure of its own: the tests to come are not to be blamed for it
        known.update({folder: look(folder) for folder in folders})
    changed = {str(folder / path) for folder in folders for path, _ in before[folder].items() ^ known[folder].items()}
    assert not changed, f"changed in a folder that tests share, of which a test takes a copy: {sorted(changed)}"
