import pytest

from tests.harness.audited import record_run
from tests.harness.loops import copy_project, make_user_project, run_loop, scripted
from tests.harness.project import git
from tests.harness.scripts import FUSED, KEPT, POLICY
from tests.harness.shared import left_alone, shared_folders


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """No test may change what others share."""
    with left_alone(item.config, shared_folders(getattr(item, "funcargs", {}))):
        return (yield)


@pytest.fixture(scope="session")
def user_project(tmp_path_factory):
    """A project that nothing was done with; copy it before changing it."""
    return make_user_project(tmp_path_factory.mktemp("user"))


@pytest.fixture
def project(user_project, tmp_path):
    """A project of the test's own."""
    return copy_project(user_project, tmp_path)


@pytest.fixture(scope="session")
def begun_project(user_project, tmp_path_factory):
    """A project in which the run `x` has measured its baseline, to save every test from doing so. Copy it first."""
    root = copy_project(user_project, tmp_path_factory.mktemp("begun"))
    done = run_loop(root, *scripted(root, [KEPT, POLICY]), "--max-hours", "1e-9")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def begun(begun_project, tmp_path):
    """A project of the test's own in which the run `x` has measured its baseline."""
    return copy_project(begun_project, tmp_path)


@pytest.fixture(scope="session")
def recorded_project(begun_project, tmp_path_factory):
    """The same with the run finished: one kept, one refused by the policy. Copy it first."""
    root = copy_project(begun_project, tmp_path_factory.mktemp("recorded"))
    done = run_loop(root, *scripted(root, [KEPT, POLICY]))
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="session")
def audited_project(tmp_path_factory):
    """A project with a finished run to audit. Copy it first."""
    return record_run(tmp_path_factory.mktemp("audit"))


@pytest.fixture
def recorded(recorded_project, tmp_path):
    """A project of the test's own in which the run `x` is finished."""
    return copy_project(recorded_project, tmp_path)


@pytest.fixture(scope="session")
def reviewable_project(begun_project, tmp_path_factory):
    """The run `x` with two kept, the second on top of the first; git knows its user. Copy it first."""
    root = copy_project(begun_project, tmp_path_factory.mktemp("reviewable"))
    git(root, "config", "user.name", "A Person")
    git(root, "config", "user.email", "person@example.org")
    done = run_loop(root, *scripted(root, [KEPT, FUSED]))
    assert done.returncode == 0, done.stderr
    assert len(git(root, "ls-tree", "--name-only", "research/x", "findings/").splitlines()) == 2, done.stdout
    return root


@pytest.fixture
def reviewable(reviewable_project, tmp_path):
    """A project of the test's own in which two findings of the run `x` wait for review."""
    return copy_project(reviewable_project, tmp_path)
