from apps.integrations.models.connection import Connection
from apps.integrations.models.meter import QuotaReading, QuotaUse
from apps.integrations.models.network_app import NetworkApp
from apps.integrations.models.registered_app import RegisteredApp
from apps.integrations.models.sign_in import SignIn
from apps.integrations.models.vault import DataKey, Secret

__all__ = [
    "Connection",
    "DataKey",
    "NetworkApp",
    "QuotaReading",
    "QuotaUse",
    "RegisteredApp",
    "Secret",
    "SignIn",
]
