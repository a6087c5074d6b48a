"""Every claim of the documents, run again: `python -m sparse_parity reproduce`."""
