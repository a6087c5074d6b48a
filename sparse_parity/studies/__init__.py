"""Studies: each document's experiment once more, with its own draws where its numbers must compare.

They use the methods and the one training loop; what a study adds is a `Plan`. Trusted: no proposal edits them, and the
gate runs none of them.
"""
