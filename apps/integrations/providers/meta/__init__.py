"""What the networks on Meta's Graph share: calls, errors, usage, containers, long-lived tokens.

No network itself (there is no `provider.py`): facebook, instagram and threads build on it.
"""
