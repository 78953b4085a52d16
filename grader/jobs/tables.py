"""The queue's own tables. Nothing else is in them: who submitted what for which opening, and what people decided, belongs to the pages.

    job     one row per grading that was asked for, and where it stands
    stage   the stages of its current run, for those who watch
    event   what happened to it, only ever added to
    worker  who is there to work, and when it last said so
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

SCHEMA = "grader_jobs"
"""PostgreSQL schema; SQLite has a file of its own instead."""
VERSION = 1

metadata = MetaData()

version = Table("grader_jobs_version", metadata, Column("version", Integer, primary_key=True))

job = Table(
    "job",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("spec", JSON, nullable=False),
    Column("owner", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("turn", Integer, nullable=False),  # the place in the fair order: see fair.py
    Column("created", Float, nullable=False),
    Column("state", String(12), nullable=False),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("dispatch", Integer, nullable=False, server_default="0"),  # number of its durable workflow; another one per try
    Column("dispatched", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),  # ended without a verdict
    Column("restarts", Integer, nullable=False, server_default="0"),  # of the current try, because its worker died
    Column("run", Integer, nullable=False, server_default="0"),  # fencing number: only the newest run may say anything
    Column("worker", Text, nullable=False, server_default=""),
    Column("first_started", Float),
    Column("started", Float),
    Column("ended", Float),
    Column("cancel", Integer, nullable=False, server_default="0"),
    Column("publishing", Integer, nullable=False, server_default="0"),
    Column("culprit", String(16), nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
    Column("result", Text, nullable=False, server_default=""),
)
Index("job_queue", job.c.state, job.c.priority, job.c.turn, job.c.created)
Index("job_owner", job.c.owner, job.c.state)
Index("job_turn", job.c.priority, job.c.turn)

stage = Table(
    "stage",
    metadata,
    Column("job", String(32), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("began", Float, nullable=False),
    Column("seconds", Float),
    Column("note", Text, nullable=False, server_default=""),
)

event = Table(
    "event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("job", String(32), ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("run", Integer, nullable=False),
    Column("facts", JSON, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("token", String(64), nullable=False),  # of this very process: a successor of the same name has another
    Column("state", String(12), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("running", Integer, nullable=False, server_default="0"),
    Column("capacity", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("beat", Float, nullable=False),
)
