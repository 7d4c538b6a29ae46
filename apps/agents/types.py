"""What other apps get to see of writing: the brief, and how a network counts."""

from apps.agents.writing.types import Brief, Goal, Network

__all__ = ["Brief", "Goal", "Network"]
