from .spending import Budget, ModelKey, ModelUsage, SpendingMonth
from .voice import VoiceProfile, VoiceVersion
from .writing import Candidate, Draft

__all__ = [
    "Budget",
    "Candidate",
    "Draft",
    "ModelKey",
    "ModelUsage",
    "SpendingMonth",
    "VoiceProfile",
    "VoiceVersion",
]
