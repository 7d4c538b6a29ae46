"""The verbs of knowledge: `from apps.knowledge.services import brands, sources`."""
