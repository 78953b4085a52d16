"""A requisition may ask for decisions that nobody's has coloured."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0004_cache")]
    operations = [migrations.AddField("requisition", "independent", models.BooleanField(default=False))]
