"""Proof that Emojich computes what ru-dalle 1.1.3 computes; README.md says how.

Nothing here is part of the product, and nothing of ru-dalle is copied here: it is installed into an
environment of its own and imported as its authors published it.
"""
