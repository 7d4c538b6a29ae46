"""The audit trail can only grow. A purge of a workspace, and nothing else, may delete its entries."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION workspaces_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('candy.purging', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER workspaces_audit_append_only BEFORE UPDATE OR DELETE ON workspaces_auditentry
    FOR EACH ROW EXECUTE FUNCTION workspaces_audit_append_only();
"""

BACKWARD = """
DROP TRIGGER workspaces_audit_append_only ON workspaces_auditentry;
DROP FUNCTION workspaces_audit_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0005_audit_trail")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
