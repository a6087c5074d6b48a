"""From text to a syntax tree, whatever the text.

Promises: `parse` turns any text, however hostile, into a tree of bounded size and depth, over which walks may
recurse, or into one `PolicyError`.
Does not cover: what the tree says.
"""

import ast
import io
import re
import tokenize
import warnings
from functools import lru_cache

from harness.policy.names import PolicyError, Refusal
from harness.policy.words import MAX_BYTES, MAX_DEPTH, MAX_LINES

_CODING = re.compile(
    r"[ \t\f]*#.*?coding[:=]"
)  # PEP 263: it could make the file mean other text than was checked


def parse(path: str, text: str) -> ast.Module:
    """Return the syntax tree of `text`.

    Raises:
        PolicyError: too large, odd characters, no Python, or too deep.
    """
    for look in (_large, _odd_character):
        if found := look(text):
            raise PolicyError(Refusal(path, *found))
    tree = _tree(path, text)
    for found in (_foreign_code(text), _deep(tree)):
        if found:
            raise PolicyError(Refusal(path, *found))
    return tree


@lru_cache(maxsize=200)
def compile_error(text: str) -> tuple[int, str, str] | None:
    """What the compiler refuses in a text that `parse` accepts; nothing is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = ascii(error.msg if isinstance(error, SyntaxError) else str(error))[1:-1][:120]
        return getattr(error, "lineno", None) or 1, f"this is not Python: {reason}", "valid Python 3.11"
    return None


def _large(text: str) -> tuple[int, str, str] | None:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return (
            1,
            f"a file above {MAX_BYTES} bytes is not allowed, code is not memory",
            "loops, or a second file",
        )
    if text.count("\n") + (not text.endswith("\n")) > MAX_LINES:
        return (
            MAX_LINES + 1,
            f"a file above {MAX_LINES} lines is not allowed, it must be read",
            "a second file",
        )
    return None


def _odd_character(text: str) -> tuple[int, str, str] | None:
    for number, line in enumerate(text.split("\n"), 1):
        for character in line:
            if not character.isprintable():
                what = f"the character U+{ord(character):04X} is not allowed, it cannot be seen"
                return number, what, "spaces and printable characters"
        if number <= 2 and _CODING.match(line):
            return number, "a coding comment is not allowed, files are UTF-8", "the comment without it"
    return None


def _tree(path: str, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        refusal = Refusal(
            path, 1, f"code nested deeper than {MAX_DEPTH} is not allowed", "it in smaller steps"
        )
    except SyntaxError as error:
        reason = ascii(error.msg)[1:-1][:120]
        refusal = Refusal(
            path, max(error.lineno or 1, 1), f"this is not Python: {reason}", "valid Python 3.11"
        )
    except ValueError as error:
        refusal = Refusal(
            path, 1, f"this is not Python: {ascii(str(error))[1:-1][:120]}", "valid Python 3.11"
        )
    raise PolicyError(refusal)


def _foreign_code(text: str) -> tuple[int, str, str] | None:
    """Find a character beyond ASCII outside comments and strings: it may look like another one."""
    if text.isascii():
        return None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in (tokenize.COMMENT, tokenize.STRING) and not token.string.isascii():
                return (
                    token.start[0],
                    "a name beyond ASCII is not allowed, it can look like another",
                    "ASCII letters",
                )
    except (tokenize.TokenError, SyntaxError):
        return 1, "this text cannot be split into words", "ASCII outside comments"
    return None


def _deep(tree: ast.Module) -> tuple[int, str, str] | None:
    """Find nesting beyond the limit, walking without recursion; an expression counts from its statement."""
    pending: list[tuple[ast.AST, int, int]] = [(tree, 0, 1)]
    while pending:
        node, depth, line = pending.pop()
        line = getattr(node, "lineno", line)
        if depth > MAX_DEPTH:
            return (
                line,
                f"code nested deeper than {MAX_DEPTH} is not allowed, nobody can follow it",
                "smaller steps",
            )
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr_context | ast.operator | ast.unaryop | ast.boolop | ast.cmpop):
                fresh = isinstance(node, ast.stmt) and not isinstance(child, ast.stmt)
                pending.append((child, 1 if fresh else depth + 1, line))
    return None
