"""The verbs of the shell: ``from apps.studio.services import notifications, projects``."""
