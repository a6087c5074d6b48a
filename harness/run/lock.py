"""The lock of a run, for who decides about its findings or merges them.

Promises: while it is held no loop works on the run, and nobody else reviews or merges it. Does not cover: the lock
of a loop (`opening`), and who holds it now (`outside`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import BadInputError
from harness.git import Repository
from harness.ledger import exclusive_lock
from harness.run.names import LOCK, is_run_name, ref_of, run_folder


@contextmanager
def held(repository: Repository, name: str) -> Iterator[None]:
    """The run's lock: no loop runs on it, and nobody else reviews or merges it.

    Raises:
        ArdentError: somebody does; the line names them.
    """
    if not is_run_name(name):
        raise BadInputError(f"{name[:80]!r}: not a name for a run; see: python -m harness review --list")
    folder = run_folder(repository, name)
    if repository.ref(ref_of(name)) is None and not folder.exists():
        yield  # nothing to lock, and no folder to be made for a run that is only a name
        return
    repository.private_dir()  # before any folder in it, for it is this user's only
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(folder / LOCK, f"run {name}"):
        yield
