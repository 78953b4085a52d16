"""The table of the cache, made like every other one: a start, and `grader serve --migrate-only`, bring it along."""

from __future__ import annotations

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("web", "0003_priority")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
