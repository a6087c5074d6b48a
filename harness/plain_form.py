"""Statements that say the same in a plainer form, so that whoever reads a tree need know one form only.

Promises: `a: float = v` becomes `a = v`, and `a = b = v` becomes `a = v` and `b = a`; values, accesses and lines stay.
Does not cover: chains whose targets are no names, which `policy` refuses.
"""

import ast


def simplify(tree: ast.Module) -> ast.Module:
    """Bring every assignment of the tree into its plain form, in place."""
    _Plain().visit(tree)
    return tree


class _Plain(ast.NodeTransformer):
    """Rewrites one module."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        first = node.targets[0]
        made: list[ast.stmt] = [ast.copy_location(ast.Assign(targets=[first], value=node.value), node)]
        if isinstance(first, ast.Name):
            for target in node.targets[1:]:
                value = ast.copy_location(ast.Name(id=first.id, ctx=ast.Load()), node.value)
                made.append(ast.copy_location(ast.Assign(targets=[target], value=value), node))
        return made
