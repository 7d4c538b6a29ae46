"""Signing up, signing in and staying signed in: django-allauth, configured from the environment."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from config.env import env_bool, env_int, env_str

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:next"

ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "apps.accounts.web.forms.SignupDetails"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True  # the new address takes over once it is confirmed
# A code instead of a link: it works on the device where the form is open, and mail scanners that
# follow links cannot use it up.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A sign-up with an address that is known looks the same from outside; its owner gets a mail.
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
}
USERSESSIONS_TRACK_ACTIVITY = False  # would write on every request

MFA_ADAPTER = "apps.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Candy"
MFA_TOTP_TOLERANCE = 1  # the code before and after: clocks of phones drift
MFA_RECOVERY_CODE_COUNT = 10

# How many proxies in front of Candy add to X-Forwarded-For; 0 means that the header is ignored.
CANDY_TRUSTED_PROXIES = env_int("CANDY_TRUSTED_PROXIES", 0, minimum=0)
ALLAUTH_TRUSTED_PROXY_COUNT = CANDY_TRUSTED_PROXIES

SOCIALACCOUNT_ADAPTER = "apps.integrations.single_sign_on.SocialAccountAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_LOGIN_ON_GET = False  # a form with a token, so that nobody is signed in by a link
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
CANDY_SIGN_IN_ORIGINS: list[str] = []  # where a sign-in form may lead, for the CSP's form-action

if env_str("GOOGLE_CLIENT_ID", ""):
    SOCIALACCOUNT_PROVIDERS["google"] = {
        "APPS": [
            {
                "client_id": env_str("GOOGLE_CLIENT_ID"),
                "secret": env_str("GOOGLE_CLIENT_SECRET"),
            }
        ],
        "SCOPE": ["openid", "profile", "email"],
        "OAUTH_PKCE_ENABLED": True,
        # Google has verified the address, so it opens the account that has the same one.
        "EMAIL_AUTHENTICATION": True,
    }
    CANDY_SIGN_IN_ORIGINS.append("https://accounts.google.com")

if env_str("CANDY_OIDC_ISSUER", ""):
    _issuer = env_str("CANDY_OIDC_ISSUER").rstrip("/")
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": env_str("CANDY_OIDC_ID", "sso"),
                "name": env_str("CANDY_OIDC_NAME", "Single sign-on"),
                "client_id": env_str("CANDY_OIDC_CLIENT_ID"),
                "secret": env_str("CANDY_OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": _issuer},
            }
        ],
        "OAUTH_PKCE_ENABLED": True,
        # Off unless the operator says that this issuer checks the addresses of its people.
        "EMAIL_AUTHENTICATION": env_bool("CANDY_OIDC_TRUST_EMAIL", False),
    }
    _parts = urlsplit(_issuer)
    CANDY_SIGN_IN_ORIGINS.append(f"{_parts.scheme}://{_parts.netloc}")
