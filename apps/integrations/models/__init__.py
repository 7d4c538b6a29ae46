from apps.integrations.models.connection import Connection
from apps.integrations.models.sign_in import SignIn
from apps.integrations.models.vault import DataKey, Secret

__all__ = ["Connection", "DataKey", "Secret", "SignIn"]
