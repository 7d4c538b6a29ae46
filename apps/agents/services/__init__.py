"""The verbs: `from apps.agents.services import voice, writing, model_keys`."""
