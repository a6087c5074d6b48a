"""The one exception that a user is meant to see.

Covers: trouble of the harness or of its input, told in one line with the fix. Does not cover: what becomes of a
candidate. That is a Verdict, a value.
"""


class ArdentError(Exception):
    """Expected trouble: bad input, a repository in the wrong state, a full disk. One line, naming what and the fix."""


class BadInputError(ArdentError):
    """A file or flag that the user can mend: `<file or flag>: <field>: <what is wrong>; <the fix>`."""


class ProposerPausedError(ArdentError):
    """The proposer cannot go on now: API unreachable, dollars spent. The run resumes with the same command."""
