"""Where workspaces' files are kept: this machine's disk, or S3 when a bucket is given."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from config.env import env_choice, env_str


def upload_origins() -> list[str]:
    """Where browsers send the parts of large files: the store's own origins, for the content policy."""
    bucket = env_str("CANDY_S3_BUCKET", "")
    if not bucket:
        return []
    region = env_str("CANDY_S3_REGION", "us-east-1")
    endpoint = env_str("CANDY_S3_ENDPOINT", "") or f"https://s3.{region}.amazonaws.com"
    parts = urlsplit(endpoint)
    # With the bucket in the path or in the host, as boto3 may choose.
    return [f"{parts.scheme}://{host}" for host in (parts.netloc, f"{bucket}.{parts.netloc}")] + (
        [] if env_str("CANDY_S3_ENDPOINT", "") else [f"https://{bucket}.s3.amazonaws.com"]
    )


def media_storage() -> dict[str, Any]:
    """Django's ``STORAGES["default"]``. ``CANDY_S3_BUCKET`` switches to S3 and anything like it."""
    bucket = env_str("CANDY_S3_BUCKET", "")
    if not bucket:
        return {"BACKEND": "apps.workspaces.tenancy.storage.WorkspaceFileSystemStorage"}
    return {
        "BACKEND": "apps.workspaces.tenancy.storage.WorkspaceS3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env_str("CANDY_S3_ENDPOINT", "") or None,
            "region_name": env_str("CANDY_S3_REGION", "us-east-1"),
            # Without keys boto3 asks the machine for its role.
            "access_key": env_str("CANDY_S3_ACCESS_KEY", "") or None,
            "secret_key": env_str("CANDY_S3_SECRET_KEY", "") or None,
            "addressing_style": env_choice(
                "CANDY_S3_ADDRESSING", ("auto", "path", "virtual"), "auto"
            ),
            "signature_version": "s3v4",
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 600,
        },
    }
