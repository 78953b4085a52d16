"""Every submission has its class in the queue. SQLite builds web_submission anew for it, so the triggers that look into it make room."""

from importlib import import_module

from django.db import migrations, models

kept = import_module("grader.web.migrations.0002_append_only")


class Migration(migrations.Migration):
    dependencies = [("web", "0002_append_only")]
    operations = [
        migrations.RunPython(kept.release, kept.keep),
        migrations.AddField(
            "submission",
            "priority",
            models.PositiveSmallIntegerField(choices=[(0, "high"), (1, "normal"), (2, "low")], default=1, help_text="its class in the queue"),
        ),
        migrations.RunPython(kept.keep, kept.release),
    ]
