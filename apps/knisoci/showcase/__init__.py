"""The main job, shown: a demo workspace for a new installation, and a run from brand to numbers.

Both use the same services that people and programs use, against the built-in sandbox networks.
"""
