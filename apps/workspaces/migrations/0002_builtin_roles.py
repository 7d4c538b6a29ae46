"""The four built-in roles. Their permissions come from code, by key."""

from django.db import migrations

ROLES = [("owner", "Owner"), ("admin", "Admin"), ("contributor", "Contributor"), ("viewer", "Viewer")]


def add_roles(apps, schema_editor):
    Role = apps.get_model("workspaces", "Role")
    for key, name in ROLES:
        Role.objects.get_or_create(workspace=None, key=key, defaults={"name": name})


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
