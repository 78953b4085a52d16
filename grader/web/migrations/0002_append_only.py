"""What is written once is kept by the database too: a program that goes around the models, or a hand at its console, is refused.

A migration that makes SQLite build one of these tables anew drops its triggers, and has to make them again by `keep` and `release`.
"""

from django.db import migrations

STONES = "SELECT 1 FROM web_tombstone t JOIN web_candidate c ON c.pseudonym = t.pseudonym"
BY_CANDIDATE = f"{STONES} WHERE c.id = OLD.candidate_id"
BY_SUBMISSION = f"{STONES} JOIN web_submission s ON s.candidate_id = c.id WHERE s.id = OLD.submission_id"
TABLES = {"web_decision": BY_SUBMISSION, "web_contest": BY_SUBMISSION, "web_notice": BY_CANDIDATE, "web_tombstone": "SELECT 1 WHERE 1 = 0"}
"""Table -> what must be found before a row of it may go: the tombstone of its candidate, which erasing writes first. Rows never change."""

SQLITE = (
    "CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END",
    "CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} WHEN NOT EXISTS ({erased}) "
    "BEGIN SELECT RAISE(ABORT, 'rows of {table} go with their candidate only'); END",
)
POSTGRESQL = (
    """CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND EXISTS ({erased}) THEN RETURN OLD; END IF;
      RAISE EXCEPTION 'rows of {table} are never changed, and go with their candidate only' USING ERRCODE = 'restrict_violation';
    END $$""",
    "CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
)


def keep(apps, schema_editor):
    """Make the triggers."""
    for table, erased in TABLES.items():
        for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
            schema_editor.execute(statement.format(table=table, erased=erased), params=None)


def release(apps, schema_editor):
    """Remove the triggers."""
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION {table}_kept() CASCADE", params=None)
        else:
            for what in ("unchanged", "kept"):
                schema_editor.execute(f"DROP TRIGGER {table}_{what}", params=None)


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]
    operations = [migrations.RunPython(keep, release)]
