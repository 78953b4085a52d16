"""What gunicorn loads, once, before it forks."""

from scoring.app import make_app
from scoring.settings import Settings

app = make_app(Settings.from_env())
