from apps.studio.models.notification import Notification
from apps.studio.models.project import Project

__all__ = ["Notification", "Project"]
