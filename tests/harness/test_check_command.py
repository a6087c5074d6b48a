"""`python -m harness check`: findings and DISCOVERIES.md against the evidence, each problem as file:line."""

import json
import re

import pytest

from tests.harness.audited import RUN, clone_of, copy_of, record_run
from tests.harness.project import git, harness, make_project, python


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    root = record_run(tmp_path_factory.mktemp("checked"))
    git(root, "merge", "--quiet", f"research/{RUN}")
    return root


@pytest.fixture
def project(recorded, tmp_path):
    return copy_of(recorded, tmp_path)


@pytest.fixture
def finding(project):
    (path,) = (project / "findings").glob(f"{RUN}-0001-*.md")
    return path


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def problems(project, *arguments):
    done = harness(project, "check", *arguments)
    assert done.returncode == 1, done.stdout
    return done.stdout.splitlines()


def test_rendered_findings_pass_in_one_line(recorded):
    done = python(recorded, "-m", "harness", "check")
    assert (done.returncode, done.stdout) == (0, "2 findings, 2 bullets: every number is rendered from its evidence\n")


def test_json_says_the_same(recorded, project, finding):
    def document(root, *arguments):
        done = harness(root, "check", "--json", *arguments)
        found = json.loads(done.stdout, parse_constant=pytest.fail)
        assert done.returncode == int(not found["holds"])
        return found

    sound = document(recorded)
    assert (sound["holds"], sound["bullets"], sound["problems"], sound["written"]) == (True, 2, [], [])
    assert [each["evidence"] for each in sound["findings"]] == [f"results/{RUN}/000{at}.json" for at in (1, 9)]
    edit(finding, "| DMD (data movement distance) | ", "| DMD (data movement distance) | 1")
    damaged = document(project)
    assert damaged["problems"] == damaged["findings"][0]["problems"]
    assert damaged["problems"][0].startswith(f"findings/{finding.name}:")
    mended = document(project, "--write")
    assert (mended["holds"], mended["written"]) == (True, [f"findings/{finding.name}"])
    assert document(project, str(finding))["bullets"] is None


def test_no_findings_is_no_problem(tmp_path):
    done = harness(make_project(tmp_path), "check")
    assert (done.returncode, done.stdout) == (0, "no findings here: the loop has kept nothing on this branch yet\n")


def test_a_changed_digit_is_named_with_file_and_line(project, finding):
    line = next(at for at, text in enumerate(finding.read_text().splitlines(), start=1) if text.startswith("| DMD"))
    edit(finding, "| DMD (data movement distance) | ", "| DMD (data movement distance) | 1")
    (found,) = problems(project)
    assert found.startswith(f"findings/{finding.name}:{line}: not rendered from the evidence: '| DMD")


def test_a_changed_bullet_is_named_with_its_line(project):
    discoveries = project / "DISCOVERIES.md"
    edit(discoveries, "3 instances", "4 instances")
    at = next(at for at, text in enumerate(discoveries.read_text().splitlines(), start=1) if "4 instances" in text)
    (found,) = problems(project)
    assert found.startswith(f"DISCOVERIES.md:{at}: not rendered from the evidence")


def test_a_missing_bullet_and_a_missing_finding_are_named(project, finding):
    discoveries = project / "DISCOVERIES.md"
    kept = [line for line in discoveries.read_text().splitlines() if finding.name not in line]
    text = discoveries.read_text()
    discoveries.write_text("\n".join(kept) + "\n")
    assert problems(project) == [f"DISCOVERIES.md:1: has no bullet of findings/{finding.name}"]
    discoveries.write_text(text)
    finding.unlink()
    (found,) = problems(project)
    assert found.endswith(f"there is no finding '{finding.name}'")


def test_a_bullet_outside_the_loops_section_is_none(project, finding):
    """Where people write, a number is not compared with anything; so the bullet that is must be there."""
    discoveries = project / "DISCOVERIES.md"
    lines = discoveries.read_text().splitlines()
    own = next(line for line in lines if finding.name in line)
    moved = [own.replace("3 instances", "300 instances"), "", *(line for line in lines if line != own)]
    discoveries.write_text("\n".join(moved) + "\n")
    assert problems(project) == [f"DISCOVERIES.md:1: has no bullet of findings/{finding.name}"]
    discoveries.write_text("\n".join([*lines, "", "## Findings of the loop", "", *moved[:1]]) + "\n")
    said = "the loop's section stands twice; its bullets belong in the first"
    assert problems(project) == [f"DISCOVERIES.md:{len(lines) + 2}: {said}"]


def test_a_changed_diff_is_named_because_git_knows_the_right_one(project, finding):
    edit(finding, '+HYPERPARAMETERS = {"hidden": 16', '+HYPERPARAMETERS = {"hidden": 12')
    (found,) = problems(project)
    assert '"hidden": 12' in found


def test_changed_evidence_makes_the_finding_differ(project, finding):
    edit(project / "results" / RUN / "0001.json", '"change": -0.', '"change": -0.0')
    assert all(line.startswith(f"findings/{finding.name}:") or "DISCOVERIES.md" in line for line in problems(project))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (f"results/{RUN}/0001.json", "../../secret/0001.json", "evidence: the front matter must say once"),
        (f"results/{RUN}/0001.json", f"results/{RUN}/0099.json", "No such file or directory; restore it from git"),
        (f"results/{RUN}/0001.json", f"results/{RUN}/0009.json", "not rendered from the evidence"),
    ],
)
def test_a_front_matter_that_names_other_evidence_is_refused(project, finding, before, after, said):
    edit(finding, before, after)
    assert said in problems(project, str(finding))[0]


@pytest.mark.parametrize("field", ["test_total", "ard_reads", "dmd", "samples", "reuse", "before", "change"])
def test_evidence_with_values_that_no_meter_gives_is_a_problem_and_no_crash(project, finding, field):
    evidence = project / "results" / RUN / "0001.json"
    evidence.write_text(re.sub(rf'"{field}": [-0-9.e]+', f'"{field}": -0', evidence.read_text()))
    assert problems(project)[0].startswith(f"findings/{finding.name}:")


def test_only_the_files_named_are_checked(project, finding):
    edit(finding, "at least 4", "at least 5")
    (other,) = (project / "findings").glob(f"{RUN}-0009-*.md")
    done = harness(project, "check", str(other))
    assert (done.returncode, done.stdout) == (0, "1 finding: every number is rendered from its evidence\n")
    assert len(problems(project, str(finding))) == 1
    assert harness(project, "check", str(project / "DISCOVERIES.md")).returncode == 0


def test_a_copy_under_another_name_is_a_problem(project, finding):
    finding.rename(finding.with_name("better.md"))
    assert any("findings/better.md:1: is named otherwise than its evidence says" in line for line in problems(project))


def test_a_review_may_be_written_below(project, finding):
    edit(finding, "status: unreviewed", "status: approved\nreviewed_by: someone")
    finding.write_text(finding.read_text() + "\n## Review\n\nSeen 3 times, 99 % sure.\n")
    assert harness(project, "check").returncode == 0


def test_without_the_commits_the_diff_is_taken_from_the_finding_and_that_is_said(project, tmp_path):
    """Files without history, as in an archive that was unpacked and committed again."""
    for name in ("refs/experiments", "refs/heads/research"):
        for ref in git(project, "for-each-ref", "--format=%(refname)", name).splitlines():
            git(project, "update-ref", "-d", ref)
    git(project, "checkout", "--quiet", "--orphan", "fresh")
    git(project, "commit", "--quiet", "--message=All at once")
    git(project, "branch", "-D", "main")
    clone = clone_of(project, tmp_path)
    done = harness(clone, "check")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("so the diff was taken as it stands in the finding") == 2
    audit = harness(clone, "verify")
    assert audit.returncode == 0, audit.stdout
    assert "its commits are not in this repository, so code was not compared" in audit.stdout


def test_write_renders_again_what_differs_and_keeps_the_review(project, finding):
    """As after an update of the template: the text is today's, a reviewer's words stay, the struck bullet follows."""
    clean = finding.read_text()
    reviewed = clean.replace("status: unreviewed", 'status: rejected\nreviewed_by: "A"') + "\n## Review\n\n- 99 % no.\n"
    finding.write_text(reviewed.replace("template: 2\n", "").replace("## Question", "## Asked"))
    assert any("'## Asked'" in line for line in problems(project))
    done = harness(project, "check", "--write")
    said = [f"findings/{finding.name}: rendered again", "DISCOVERIES.md: rendered again"]
    assert (done.returncode, done.stdout.splitlines()[:2]) == (0, said), done.stdout + done.stderr
    assert finding.read_text() == reviewed
    assert "- ~~ARD, DMD and reuse" in (project / "DISCOVERIES.md").read_text()
    again = harness(project, "check", "--write")
    assert again.stdout == "2 findings, 2 bullets: every number is rendered from its evidence\n"
    assert harness(project, "verify").returncode == 0


def test_a_file_that_is_not_there_is_one_line(project):
    done = harness(project, "check", str(project / "findings" / "none.md"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: findings/none.md: No such file or directory; name a file of findings/\n"
