"""From a brief to candidates for each network, in the brand's voice and within its facts.

Pure: the caller brings the voice, the documents, how each network counts, and, where there is one,
a model as a callable. Without it the built-in writer writes, and says so.
"""

from apps.agents.writing.desk import BUILT_IN, ModelWriter, Written, write
from apps.agents.writing.guards import Finding, check, verdict_of
from apps.agents.writing.types import Assignment, Brief, Goal, Network, Passage

__all__ = [
    "BUILT_IN",
    "Assignment",
    "Brief",
    "Finding",
    "Goal",
    "ModelWriter",
    "Network",
    "Passage",
    "Written",
    "check",
    "verdict_of",
    "write",
]
