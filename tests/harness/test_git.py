"""harness/git.py on real repositories: spaces and umlauts, hostile hooks, dirty trees, odd configuration."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import ArdentError
from harness.git import Repository

NO_CONFIG = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
SOURCE = "sparse_parity/champion.py"
RUN = "refs/heads/research/one"


def git(where: Path, *arguments: str, check: bool = True, **variables: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-c", "user.name=U", "-c", "user.email=u@example.org", *arguments],
        cwd=where, env=environment | NO_CONFIG | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode())


@pytest.fixture(autouse=True)
def _no_user_configuration(monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in NO_CONFIG.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "ein Häuschen mit ⌘ und Raum"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(root, SOURCE, "METHOD = 'standard'\n")
    write(root, "sparse_parity/methods/standard.py", "def step():\n    return 1\n")
    write(root, "notes/größe.txt", "ü\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def repository(root):
    return Repository.open(root)


def hostile_hooks(root: Path) -> None:
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-rewrite", "post-index-change"):
        hook = root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{root}/hook-ran'\nexit 1\n")
        hook.chmod(0o755)


def snapshot(root: Path) -> tuple[object, ...]:
    status = git(root, "--no-optional-locks", "status", "--porcelain=v2", "--ignored", "--branch")
    ours = ("refs/heads/research", "refs/experiments")
    refs = [row for row in git(root, "for-each-ref").splitlines() if not row.split("\t")[1].startswith(ours)]
    index = (root / ".git/index").stat()
    return (
        status, refs, git(root, "stash", "list"), git(root, "reflog", "HEAD"), git(root, "config", "-l"),
        (root / ".git/HEAD").read_bytes(), (root / ".git/index").read_bytes(),
        index.st_mtime_ns, index.st_ino,
        sorted(path.name for path in (root / ".git").iterdir() if path.name != "ardent"),
    )  # fmt: skip


def work(repository: Repository) -> str:
    """One of everything that the loop does."""
    base = repository.head()
    kept = repository.commit(base, {SOURCE: "METHOD = 'fused'\n", "notes/größe.txt": None}, "kept", RUN, None)
    repository.commit(kept, {SOURCE: "x\n"}, "tried", "refs/experiments/one/2", None)
    repository.files(kept, ["sparse_parity"])
    repository.working_files(["sparse_parity"])
    repository.diff(base, kept)
    repository.default_base()
    repository.branch_checked_out_at("research/one")
    return kept


def test_the_checkout_of_a_user_with_a_dirty_tree_is_left_alone(root):
    write(root, "stashed.txt", "s")
    git(root, "stash", "-u")
    write(root, SOURCE, "half an idea\n")
    write(root, "staged.txt", "staged")
    git(root, "add", "staged.txt")
    write(root, "untracked.txt", "u")
    os.utime(
        root / "sparse_parity/methods/standard.py", (1, 1)
    )  # a stale index that git would like to refresh
    before = snapshot(root)
    kept = work(Repository.open(root))
    assert snapshot(root) == before
    assert git(root, "show", f"{kept}:{SOURCE}") == "METHOD = 'fused'\n"


def test_no_hook_runs_and_none_can_stop_a_commit(root):
    hostile_hooks(root)
    assert work(Repository.open(root)) == git(root, "rev-parse", RUN).strip()
    assert not (root / "hook-ran").exists()
    assert git(root, "branch", "x", check=False) == ""
    assert (root / "hook-ran").exists(), "the hook would have run, had git been started plainly"


def test_a_hooks_path_from_the_users_configuration_does_not_run_either(root, tmp_path):
    hook = tmp_path / "hooks/reference-transaction"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(root, "config", "core.hooksPath", str(hook.parent))
    work(Repository.open(root))


def test_autocrlf_and_attributes_change_no_byte(root):
    git(root, "config", "core.autocrlf", "true")
    git(root, "config", "filter.shout.clean", "tr a-z A-Z")
    git(root, "config", "filter.shout.smudge", "tr a-z A-Z")
    write(
        root, ".gitattributes", "* text=auto eol=crlf\n*.py filter=shout ident working-tree-encoding=UTF-16\n"
    )
    text = "a = 1\r\nb = '$Id$'\nc = 'ä'"
    repository = Repository.open(root)
    sha = repository.commit(repository.head(), {SOURCE: text, "new.txt": text}, "bytes", RUN, None)
    assert repository.files(sha, ["sparse_parity/champion.py", "new.txt"]) == {SOURCE: text, "new.txt": text}
    assert repository.file_bytes(sha, SOURCE) == text.encode()
    assert repository.working_files([SOURCE]) == {SOURCE: "METHOD = 'standard'\n"}


@pytest.mark.parametrize(
    "name",
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"],
)
def test_variables_of_another_repository_do_not_mislead(root, tmp_path, monkeypatch, name):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "0")
    monkeypatch.setenv("GIT_GLOB_PATHSPECS", "1")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    before = snapshot(root)
    kept = work(Repository.open(root))
    assert snapshot(root) == before
    assert git(root, "rev-parse", RUN).strip() == kept
    assert git(other, "for-each-ref") == ""


def test_no_user_configured_commits_as_ardent_even_where_git_demands_a_name(root):
    git(root, "config", "user.useConfigOnly", "true")
    git(root, "config", "user.email", "half@example.org")
    sha = work(Repository.open(root))
    assert (
        git(root, "log", "-1", "--format=%an %ae %cn %ce", sha)
        == "Ardent ardent@localhost Ardent ardent@localhost\n"
    )


def test_a_configured_user_is_the_author(root, monkeypatch):
    git(root, "config", "user.name", "Grüße <O'Neil>")
    git(root, "config", "user.email", "o@example.org")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "someone else")
    sha = work(Repository.open(root))
    assert (
        git(root, "log", "-1", "--format=%an|%ae|%cn|%ce", sha)
        == "Grüße O'Neil|o@example.org|Grüße O'Neil|o@example.org\n"
    )


def test_a_linked_worktree_sees_its_own_head_and_shares_the_private_folder(root, tmp_path):
    linked = tmp_path / "linked tree"
    git(root, "worktree", "add", "-q", "-b", "side", str(linked))
    write(linked, SOURCE, "side\n")
    git(linked, "commit", "-qam", "side")
    before = snapshot(root), git(linked, "status", "--porcelain=v2")
    repository = Repository.open(linked / "sparse_parity")
    assert repository.root == linked
    assert repository.private == root / ".git/ardent"
    assert repository.current_branch() == "side"
    assert repository.head() == git(linked, "rev-parse", "HEAD").strip()
    work(repository)
    assert (snapshot(root), git(linked, "status", "--porcelain=v2")) == before
    assert repository.branch_checked_out_at("main") == root
    assert repository.branch_checked_out_at("side") == linked
    assert repository.branch_checked_out_at("research/one") is None


def test_the_private_folder_is_for_this_user_only(repository):
    assert not repository.private.exists()
    assert repository.private_dir().stat().st_mode & 0o777 == 0o700
    assert repository.private_dir() == repository.private


def test_signing_and_odd_diff_settings_do_not_take_part(root):
    for key, value in {
        "commit.gpgSign": "true", "gpg.program": "false", "diff.noprefix": "true", "color.ui": "always",
        "diff.external": "false", "core.pager": "false", "diff.context": "0", "log.showSignature": "true",
        "fastimport.unpackLimit": "1", "core.quotePath": "true", "core.fsmonitor": "false-hook",
    }.items():  # fmt: skip
        git(root, "config", key, value)
    write(root, ".gitattributes", "*.py binary\n")
    repository = Repository.open(root)
    base, kept = repository.head(), work(repository)
    lines = repository.diff(base, kept).splitlines()
    assert "--- a/sparse_parity/champion.py" in lines
    assert "+METHOD = 'fused'" in lines
    assert "--- a/notes/größe.txt" in lines
    assert "notes" not in repository.diff(base, kept, ["sparse_parity"])
    assert not list((root / ".git/objects/pack").iterdir())


def test_a_diff_follows_from_its_commits_alone_whatever_the_working_tree_says(root):
    """Git itself reads a working file that the index takes for the blob, and makes hunk headers by attributes there."""
    method = "class Net:\n    def step():\n" + "".join(f"        x{number} = {number}\n" for number in range(9))
    write(root, SOURCE, method)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--no-verify", "-m", "a method")
    repository = Repository.open(root)
    base = repository.head()
    changed = repository.commit(base, {SOURCE: method.replace("x8 = 8", "x8 = 9")}, "t", RUN, None)
    before = repository.diff(base, changed)
    assert "@@ class Net:\n" in before
    git(root, "config", "core.autocrlf", "true")
    (root / SOURCE).unlink()
    git(root, "checkout", "--quiet", "--", SOURCE)
    os.utime(root / SOURCE, (1_000_000_000, 1_000_000_000))
    git(root, "update-index", "--refresh")  # from now on git believes that this file is the blob
    git(root, "config", "--unset", "core.autocrlf")
    assert b"\r\n" in (root / SOURCE).read_bytes()
    write(root, ".gitattributes", "*.py diff=python\n")
    assert "+        x3 = 3" in git(root, "diff-tree", "-r", "-p", base, changed)
    assert Repository.open(root).diff(base, changed) == before


def test_commit_keeps_everything_else_of_the_parent_and_has_one_parent(repository, root):
    base = repository.head()
    sha = repository.commit(
        base, {"sparse_parity": None, "a b/ü.txt": "", SOURCE: "new"}, "title\n\nbody ü\n", RUN, None
    )
    assert git(root, "ls-tree", "-r", "-z", "--name-only", sha).split("\0")[:-1] == [
        "a b/ü.txt",
        "notes/größe.txt",
        SOURCE,
    ]
    assert repository.log_messages(base, sha) == ((sha, "title\n\nbody ü"),)
    assert git(root, "rev-parse", f"{sha}^@").split() == [base]
    assert git(root, "fsck", "--strict", "--no-dangling") == ""


def test_the_same_commit_at_the_same_date_has_the_same_hash(repository):
    changes = {"b": "2", "a": "1"}
    first = repository.commit(
        repository.head(), changes, "m", "refs/experiments/one/1", None, date=1_700_000_000
    )
    again = dict(reversed(changes.items()))
    assert (
        repository.commit(repository.head(), again, "m", "refs/experiments/one/2", None, date=1_700_000_000)
        == first
    )


def test_a_file_is_committed_from_its_place_as_it_is(repository, root, tmp_path):
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("* text eol=crlf ident working-tree-encoding=UTF-16\n")
    place, text = tmp_path / "-a file ü.jsonl", "one\ntwo\r\n$Id$\n"
    place.write_bytes(text.encode())
    base, before = repository.head(), snapshot(root)
    asked = {"a/b.jsonl": place, "c": "3"}
    ours = repository.commit(base, asked, "m", "refs/experiments/one/1", None, date=1_700_000_000)
    same = {"a/b.jsonl": text, "c": "3"}
    assert repository.commit(base, same, "m", "refs/experiments/one/2", None, date=1_700_000_000) == ours
    assert repository.file_bytes(ours, "a/b.jsonl") == text.encode()
    assert snapshot(root) == before
    with pytest.raises(ArdentError, match="git hash-object"):
        repository.commit(base, {"a": tmp_path / "missing"}, "m", "refs/experiments/one/3", None)


def test_whether_a_file_is_there_is_told_without_reading_it(repository):
    head = repository.head()
    for path, is_there in ((SOURCE, True), ("sparse_parity", True), ("no such file", False), (f"{SOURCE}/x", False)):
        assert repository.has_file(head, path) is is_there


def test_a_ref_that_someone_else_moved_stays_where_it_is(repository, root):
    base = repository.head()
    first = repository.commit(base, {"a": "1"}, "m", RUN, None)
    git(root, "update-ref", RUN, base)
    for expected in (None, first):
        with pytest.raises(ArdentError, match=r"refs/heads/research/one: expected .*something else moved it"):
            repository.commit(first, {"a": "2"}, "m", RUN, expected)
        assert repository.ref(RUN) == base
    git(root, "update-ref", "-d", RUN)
    with pytest.raises(ArdentError, match="something else moved it"):
        repository.move_ref(RUN, first, base)
    assert repository.ref(RUN) is None
    assert set(repository.list_refs("refs")) == {"refs/heads/main"}


def test_a_locked_ref_is_told_from_a_moved_one(repository, root):
    base = repository.head()
    (root / ".git/refs/heads/research").mkdir()
    (root / ".git/refs/heads/research/one.lock").touch()
    with pytest.raises(ArdentError, match="wait for the other git command"):
        repository.move_ref(RUN, base, None)


def test_refs_are_listed_by_folder(repository):
    base = repository.head()
    for number in (1, 2, 10):
        repository.move_ref(f"refs/experiments/one/{number}", base, None)
    repository.move_ref("refs/experiments/ones/1", base, None)
    assert len(repository.list_refs("refs/experiments/one")) == 3
    assert repository.list_refs("refs/nothing") == {}
    assert repository.ref("refs/experiments/one") is None
    assert repository.ref("refs/experiments/one/10") == base


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", ".git/config", "a/.GIT/x", "a//b", "a\nb", "a\0", '"a"']
)
def test_paths_outside_the_repository_are_refused(repository, path):
    with pytest.raises(ValueError, match="not a path inside"):
        repository.commit(repository.head(), {path: "x"}, "m", RUN, None)
    assert repository.ref(RUN) is None


def test_only_full_names_and_hashes_move_refs(repository):
    head = repository.head()
    for ref, new, expected in (
        (RUN, "HEAD", None),
        ("HEAD", head, None),
        (RUN, head, "main"),
        ("--stdin", head, None),
    ):
        with pytest.raises(ValueError, match="full"):
            repository.move_ref(ref, new, expected)
    with pytest.raises(ValueError, match="full hash"):
        repository.commit("main", {}, "m", RUN, None)


def test_working_files_are_what_lies_on_the_disk(root):
    write(root, ".gitignore", "*.log\n")
    write(root, "sparse_parity/methods/new.py", "new")
    write(root, "sparse_parity/methods/x.log", "ignored")
    (root / SOURCE).unlink()
    write(root, "sparse_parity/methods/standard.py", "edited\r\n")
    write(root, "elsewhere.py", "no")
    found = Repository.open(root / "notes").working_files(["sparse_parity"])
    assert found == {"sparse_parity/methods/new.py": "new", "sparse_parity/methods/standard.py": "edited\r\n"}


def test_prefixes_are_folders_and_not_patterns(repository, root):
    write(root, "sparse_parity*/x.py", "no")
    for names in (
        ["sparse_parity/methods"],
        ["sparse_parity/methods/"],
        ["sparse_parity/methods/standard.py"],
    ):
        assert list(repository.files("HEAD", names)) == ["sparse_parity/methods/standard.py"]
        assert list(repository.working_files(names)) == ["sparse_parity/methods/standard.py"]
    assert repository.files("main", ["sparse", "sparse_parity/m*", "nothing"]) == {}
    assert len(repository.files("main", [])) == 3


@pytest.mark.parametrize("make", ["file", "folder"])
def test_symlinks_are_refused_by_name(root, make):
    if make == "file":
        (root / "sparse_parity/methods/link.py").symlink_to("/etc/passwd")
    else:
        (root / "sparse_parity/methods").rename(root / "moved")
        (root / "sparse_parity/methods").symlink_to(root / "moved")
    repository = Repository.open(root)
    with pytest.raises(ArdentError, match=r"methods.*: a symlink, which is refused"):
        repository.working_files(["sparse_parity"])
    git(root, "add", "-A")
    git(root, "commit", "-qm", "link")
    with pytest.raises(ArdentError, match=r"HEAD:sparse_parity/methods.*: a symlink"):
        repository.files("HEAD", ["sparse_parity"])
    assert repository.files("HEAD", ["notes"]) == {"notes/größe.txt": "ü\n"}


def test_a_repository_inside_the_repository_is_refused_by_name(root):
    git(root, "init", "-q", "sparse_parity/inner")
    git(root / "sparse_parity/inner", "commit", "-qm", "i", "--allow-empty")
    repository = Repository.open(root)
    with pytest.raises(ArdentError, match="inner: a repository inside the repository"):
        repository.working_files(["sparse_parity"])
    git(root, "-c", "advice.addEmbeddedRepo=false", "add", "-A")
    git(root, "commit", "-qm", "inner")
    with pytest.raises(ArdentError, match="sparse_parity/inner: a submodule"):
        repository.files("HEAD", ["sparse_parity"])


def test_bytes_that_are_not_utf8_are_refused_by_name_and_readable_as_bytes(root):
    (root / SOURCE).write_bytes(b"ok \xff")
    git(root, "commit", "-qam", "latin")
    repository = Repository.open(root)
    with pytest.raises(ArdentError, match=r"sparse_parity/champion\.py: not UTF-8 at byte 3"):
        repository.files("HEAD", ["sparse_parity"])
    with pytest.raises(ArdentError, match="not UTF-8"):
        repository.working_files(["sparse_parity"])
    assert repository.file_bytes("HEAD", SOURCE) == b"ok \xff"
    assert repository.file_bytes("HEAD", "no such file") is None
    assert repository.file_bytes("HEAD", "sparse_parity") is None
    with pytest.raises(ArdentError, match="'nowhere': no such commit"):
        repository.file_bytes("nowhere", SOURCE)


@pytest.mark.parametrize("rev", ["nowhere", "--all", "", "a\0b", "HEAD^{tree}", "HEAD:notes"])
def test_a_name_without_a_commit_is_one_clear_line(repository, rev):
    with pytest.raises(ArdentError, match=rf"^{re.escape(repr(rev))}: no such commit in [^\n]*; name a"):
        repository.resolve(rev)


def test_the_base_is_where_the_branch_left_the_default_branch(root):
    repository = Repository.open(root)
    base = repository.head()
    assert repository.default_base() == base
    git(root, "checkout", "-qb", "topic")
    git(root, "commit", "-qm", "on topic", "--allow-empty")
    assert repository.default_base() == base
    assert repository.is_ancestor(base, "topic")
    assert not repository.is_ancestor("topic", base)
    git(root, "checkout", "-q", "--detach")
    assert repository.current_branch() is None
    assert repository.default_base() == base
    git(root, "checkout", "-q", "--orphan", "alone")
    git(root, "commit", "-qm", "alone")
    assert repository.default_base() == repository.head()
    git(root, "branch", "-m", "main", "develop")
    assert repository.default_base() == repository.head()


def test_the_base_counts_unpushed_commits_of_the_default_branch(root, tmp_path):
    git(tmp_path, "clone", "-q", str(root), "clone")
    clone = tmp_path / "clone"
    git(clone, "commit", "-qm", "unpushed", "--allow-empty")
    unpushed = git(clone, "rev-parse", "HEAD").strip()
    git(clone, "checkout", "-qb", "topic")
    git(clone, "commit", "-qm", "on topic", "--allow-empty")
    repository = Repository.open(clone)
    assert repository.default_base() == unpushed
    git(clone, "branch", "-D", "main")
    assert repository.default_base() == git(clone, "rev-parse", "origin/main").strip()


def refused(path: Path) -> str:
    with pytest.raises(ArdentError) as caught:
        Repository.open(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_usable_repository_is_told_with_the_fix(root, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "run git init there" in refused(empty)
    assert "name a folder inside" in refused(tmp_path / "missing")
    assert "outside .git" in refused(root / ".git")
    git(empty, "init", "-q")
    assert refused(empty).endswith("no commit yet; commit something first")
    git(tmp_path, "clone", "-q", "--bare", str(root), "bare")
    assert "is bare; clone it" in refused(tmp_path / "bare")
    git(root, "commit", "-qm", "second", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    assert refused(tmp_path / "shallow").endswith("git fetch --unshallow")


@pytest.mark.parametrize("verb", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_the_middle_of_something_is_refused_and_names_the_way_out(root, verb):
    git(root, "checkout", "-qb", "side")
    write(root, SOURCE, "side\n")
    git(root, "commit", "-qam", "side")
    git(root, "checkout", "-q", "main")
    write(root, SOURCE, "main\n")
    git(root, "commit", "-qam", "main")
    write(root, SOURCE, "later\n")
    git(root, "commit", "-qam", "later")
    started = {"revert": ["revert", "--no-edit", "HEAD~1"], "bisect": ["bisect", "start"]}.get(
        verb, [verb, "side"]
    )
    git(root, *started, check=False)
    undo = "git bisect reset" if verb == "bisect" else f"git {verb} --abort"
    assert refused(root) == f"{root}: in the middle of a {verb}; finish it, or run: {undo}"
    before = snapshot(root)
    work(Repository.open(root, allow_in_progress=True))
    assert snapshot(root) == before


def test_a_full_disk_moves_nothing_and_says_what_to_do(repository, root):
    script = (
        "import resource, sys; from pathlib import Path; from harness.git import Repository\n"
        "repository = Repository.open(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "import random; noise = ''.join(map(chr, random.Random(1).choices(range(33, 9999), k=50000)))\n"
        "repository.commit(repository.head(), {'big': noise}, 'm', 'refs/heads/research/one', None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "free disk space and run the same command again; no ref was moved" in done.stderr.splitlines()[-1]
    assert repository.list_refs("refs") == {"refs/heads/main": repository.head()}
    assert git(root, "fsck", "--strict", "--no-dangling") == ""
    repository.commit(repository.head(), {"big": "x" * 50000}, "m", RUN, None)


def test_a_missing_object_is_an_error_and_not_an_empty_file(root):
    sha = git(root, "rev-parse", f"HEAD:{SOURCE}").strip()
    repository = Repository.open(root)
    (root / ".git/objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(ArdentError, match=r"champion\.py: its object is missing; run git fsck"):
        repository.files("HEAD", ["sparse_parity"])


def test_a_repository_that_vanished_does_not_lead_to_the_one_around_it(root):
    inner = root / "inner"
    git(root, "init", "-q", "inner")
    git(inner, "commit", "-qm", "i", "--allow-empty")
    repository = Repository.open(inner)
    (inner / ".git").rename(inner / "gone")
    with pytest.raises(ArdentError):
        repository.commit(repository.head(), {"a": "1"}, "m", RUN, None)
    assert Repository.open(root).ref(RUN) is None


def test_sha256_repositories_work(tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "commit", "-qm", "i", "--allow-empty")
    repository = Repository.open(tmp_path)
    assert len(work_on_empty(repository)) == 64


def work_on_empty(repository: Repository) -> str:
    sha = repository.commit(repository.head(), {SOURCE: "x"}, "m", RUN, None)
    assert repository.files(RUN, []) == {SOURCE: "x"}
    assert repository.commit(sha, {}, "an empty one", RUN, sha) == repository.ref(RUN)
    return sha


def test_replaced_objects_are_not_believed(repository, root):
    base = repository.head()
    other = repository.commit(base, {SOURCE: "forged\n"}, "m", RUN, None)
    git(root, "replace", base, other)
    assert repository.files(base, [SOURCE]) == {SOURCE: "METHOD = 'standard'\n"}


def test_one_experiment_is_written_by_three_git_processes(repository, tmp_path, monkeypatch):
    """Each costs some 5 ms; `python -m benchmarks.overhead` measures the whole."""
    started, real = tmp_path / "started", shutil.which("git")
    counting = tmp_path / "bin/git"
    counting.parent.mkdir()
    counting.write_text(f"#!/bin/sh\necho x >>'{started}'\nexec '{real}' \"$@\"\n")
    counting.chmod(0o755)
    monkeypatch.setenv("PATH", f"{counting.parent}{os.pathsep}{os.environ['PATH']}")
    base = repository.head()
    started.write_text("")
    repository.commit(base, {SOURCE: "1\n", "a/b/c.txt": "1"}, "m", "refs/experiments/one/1", None)
    assert started.read_text().split() == ["x"] * 3
