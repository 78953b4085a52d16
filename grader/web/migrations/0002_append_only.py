"""What is written once is kept by the database too: a program that goes around the models, or a hand at its console, is refused.

A migration that makes SQLite build one of these tables anew drops its triggers, and has to make them again. One that makes it build
web_submission or web_candidate anew, which the triggers look into, has to call `release` first and `keep` after.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

STONES = "SELECT 1 FROM web_tombstone t JOIN web_candidate c ON c.pseudonym = t.pseudonym"
BY_CANDIDATE = f"{STONES} WHERE c.id = OLD.candidate_id"
BY_SUBMISSION = f"{STONES} JOIN web_submission s ON s.candidate_id = c.id WHERE s.id = OLD.submission_id"
TABLES = {"web_decision": BY_SUBMISSION, "web_contest": BY_SUBMISSION, "web_notice": BY_CANDIDATE, "web_tombstone": "SELECT 1 WHERE 1 = 0"}
"""Table -> what must be found before a row of it may go: the tombstone of its candidate, which erasing writes first. Rows never change."""

UNIQUE = dict.fromkeys(TABLES, "id = NEW.id") | {"web_tombstone": "id = NEW.id OR pseudonym = NEW.pseudonym"}
"""Table -> how a row is found that INSERT OR REPLACE would put another one in the place of: SQLite asks no DELETE trigger then."""

SQLITE = {
    "unchanged": "BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END",
    "kept": "BEFORE DELETE ON {table} WHEN NOT EXISTS ({erased}) BEGIN SELECT RAISE(ABORT, 'rows of {table} go with their candidate only'); END",
    "once": "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
    "BEGIN SELECT RAISE(ABORT, 'rows of {table} are never replaced'); END",
}
"""Trigger -> what it does."""
POSTGRESQL = (
    """CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        IF EXISTS ({erased}) THEN RETURN OLD; END IF;
      END IF;
      RAISE EXCEPTION 'rows of {table} are never changed, and go with their candidate only' USING ERRCODE = 'restrict_violation';
    END $$""",
    "CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
    "CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept()",
)


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, erased in TABLES.items():
        for statement in POSTGRESQL if postgresql else [f"CREATE TRIGGER {{table}}_{name} {does}" for name, does in SQLITE.items()]:
            schema_editor.execute(statement.format(table=table, erased=erased, same=UNIQUE[table]), params=None)


def release(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers."""
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION {table}_kept() CASCADE", params=None)
        else:
            for name in SQLITE:
                schema_editor.execute(f"DROP TRIGGER {table}_{name}", params=None)


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]
    operations = [migrations.RunPython(keep, release)]
