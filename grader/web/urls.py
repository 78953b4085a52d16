"""Every address of the service."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from grader.web.api.app import api
from grader.web.api.docs import page as api_docs
from grader.web.pages import candidates, errors, health, intake, people, records, requisitions, results, style, submissions

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="submissions"), name="home"),
    path("submissions/", submissions.index, name="submissions"),
    path("submissions/<int:pk>/", submissions.one, name="submission"),
    path("submissions/<int:pk>/live/", submissions.live, name="live"),
    path("submissions/<int:pk>/cancel/", submissions.cancel, name="cancel"),
    path("submissions/<int:pk>/first/", submissions.first, name="first"),
    path("submissions/<int:pk>/again/", submissions.again, name="again"),
    path("submissions/<int:pk>/reveal/", results.reveal, name="reveal"),
    path("submissions/<int:pk>/report/", results.viewer, name="report"),
    path("submissions/<int:pk>/report.html", results.report, name="report-file"),
    path("submissions/<int:pk>/result.json", results.raw, name="result-file"),
    path("submissions/<int:pk>/decide/", results.decision, name="decide"),
    path("submissions/<int:pk>/notice/", candidates.notice, name="notice"),
    path("submissions/<int:pk>/share/", candidates.share, name="share"),
    path("links/<int:pk>/revoke/", candidates.revoke, name="revoke-link"),
    path("candidates/<int:pk>/hold/", records.hold, name="hold"),
    path("candidates/<int:pk>/erase/", records.erase, name="erase"),
    path("c/<str:secret>/", candidates.copy, name="candidates-copy"),
    path("c/<str:secret>/report.html", candidates.copy_file, name="candidates-file"),
    path("requisitions/", requisitions.index, name="requisitions"),
    path("requisitions/new/", requisitions.edit, name="new-requisition"),
    path("requisitions/<int:pk>/", requisitions.one, name="requisition"),
    path("requisitions/<int:pk>/edit/", requisitions.edit, name="edit-requisition"),
    path("requisitions/<int:pk>/close/", requisitions.close, name="close-requisition"),
    path("requisitions/<int:pk>/hand-in/", intake.hand_in_page, name="hand-in"),
    path("requisitions/<int:pk>/compare/", results.compare, name="compare"),
    path("requisitions/<int:pk>/webhooks/", requisitions.add_hook, name="add-hook"),
    path("webhooks/<int:pk>/drop/", requisitions.drop_hook, name="drop-hook"),
    path("people/", people.index, name="people"),
    path("people/<int:pk>/", people.change, name="change-person"),
    path("tokens/", people.my_tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", people.revoke_token, name="revoke-token"),
    path("audit/", people.audit_log, name="audit"),
    path("blind/", submissions.blind, name="blind"),
    path("accounts/password/reset/", errors.ask_an_administrator, name="forgotten"),
    path("accounts/email/", errors.ask_an_administrator, name="no-email"),
    path("accounts/", include("allauth.urls")),
    path("api/docs", api_docs, name="api-docs"),
    path("api/", api.urls),
    path("style.css", style.css, name="style"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.measured, name="metrics"),
]
handler400 = "grader.web.pages.errors.bad_request"
handler403 = "grader.web.pages.errors.denied"
handler404 = "grader.web.pages.errors.not_found"
handler429 = "grader.web.pages.errors.too_many"
handler500 = "grader.web.pages.errors.broken"
