"""Candy on one machine with nothing installed but Python and make.

``bootstrap`` fills the project's folder (environment, Node packages, built assets), ``services``
keeps the embedded PostgreSQL and Valkey, ``supervisor`` runs everything. Standard library only:
these modules run before anything else is there.
"""
