from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = "People"  # allauth has its own "Accounts" beside it in the staff admin
    label = "accounts"
