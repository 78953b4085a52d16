"""Removes what nobody needs any more and nothing else would ever find: sessions that have ended, and from the artifact store what nobody's
request has left there: archives that no submission names, and files half-written.

A service that is stopped between keeping an archive and writing its row leaves one, and nothing else would ever find it: retention and
erasing go by rows. A thread of its own, since listing a large store takes a while and gradings must not wait for it.
"""

from __future__ import annotations

import logging
import threading

from django.contrib.sessions.models import Session
from django.db import DatabaseError, connections
from django.utils import timezone

from grader.web import seam
from grader.web.intake import tarball
from grader.web.models import UPLOAD, Submission
from grader.web.trouble import UnavailableError

log = logging.getLogger("grader.web.sweeper")
EVERY_S = 3600.0
GRACE_S = 7 * 24 * 3600.0
"""How long such a thing may lie there. A request takes minutes; the rest is for an operator who restored the wrong copy of the database,
by which every archive handed in since would be nobody's."""


def run(stop: threading.Event) -> None:
    """Sweep at once, then every hour until `stop` is set. A database or store that is away costs a sweep, never the sweeper."""
    while not stop.is_set():
        try:
            sweep()
        except (DatabaseError, UnavailableError) as error:
            log.warning("a sweep was cut short", extra={"facts": {"error": str(error)[:300]}})
        except Exception:
            log.exception("a sweep failed")
        connections.close_all()  # nobody needs one for the next hour
        stop.wait(EVERY_S)


def sweep() -> int:
    """Remove what is older than the grace; how many things. DatabaseError or UnavailableError when database or store do not answer: the next
    sweep goes on from there."""
    removed: int = Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
    removed += seam.store().remove_drafts(GRACE_S)
    for key in seam.store().older(tarball.FOLDER, GRACE_S):
        digest = key.removeprefix(f"{tarball.FOLDER}/")
        if not tarball.DIGEST.fullmatch(digest):  # not ours
            continue
        named = Submission.objects.filter(origin=f"{UPLOAD}{digest}")
        if not named.exists() and tarball.drop(digest, named.exists):  # asked again with everybody else kept out
            log.warning("removed an archive that no submission names", extra={"facts": {"archive": digest}})
            removed += 1
    return removed
