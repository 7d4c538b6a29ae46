"""A brand's voice: learned from its texts, held as plain data, used to judge other texts.

Pure functions, no Django: `learn` measures, `score` compares, `compare` lists what changed.
Every number can be traced to a rule in this package and, as evidence, to sentences of the brand.
"""

from apps.agents.voice.learning import LearningError, learn
from apps.agents.voice.scoring import Reason, Score, score
from apps.agents.voice.types import Document, Evidence, Scale, Term, VoiceData
from apps.agents.voice.versions import Change, compare

__all__ = [
    "Change",
    "Document",
    "Evidence",
    "LearningError",
    "Reason",
    "Scale",
    "Score",
    "Term",
    "VoiceData",
    "compare",
    "learn",
    "score",
]
