"""Forms. They check shape; what can be done with it is decided where it is done."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from grader.web import catalogue
from grader.web.models import OVERALL, Overall, Requisition, Role, Scope, User, Verdict
from grader.web.plain import strange, without_strange

NONE = ("", "no bar")
CHOOSE = ("", "choose")
"""Nothing is chosen beforehand: what stands first would be chosen more often."""


class Form(forms.Form):
    """One look for all: labels without colons."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


class PersonFields(Form):
    """Who is assessed; all optional, since a repository may be all that is known."""

    name = forms.CharField(max_length=120, required=False, label="Candidate's name")
    email = forms.EmailField(required=False, label="E-mail")
    reference = forms.CharField(max_length=80, required=False, label="Reference", help_text="Your own number for this candidate.")


class UrlForm(PersonFields):
    url = forms.CharField(
        max_length=2048,
        label="Repository URL",
        help_text="https, readable without a password.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("url", "name", "email", "reference")


class TableForm(Form):
    table = forms.FileField(label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))


class ArchiveForm(PersonFields):
    archive = forms.FileField(
        label="Archive", help_text="From git archive: .tar.gz or .tar.", widget=forms.FileInput(attrs={"accept": ".tar,.gz,.tgz"})
    )
    field_order = ("archive", "name", "email", "reference")


class NoticeForm(Form):
    version = forms.CharField(max_length=40, label="Version of the notice text")
    sent_at = forms.DateTimeField(label="Sent at (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    earliest_assessment = forms.DateField(label="Earliest day of assessment", widget=forms.DateInput(attrs={"type": "date"}))


class DecisionForm(Form):
    """One area, or the whole."""

    area = forms.ChoiceField(label="Area")
    verdict = forms.ChoiceField(choices=[CHOOSE, *Verdict.choices], label="Judgement")
    reason = forms.CharField(
        min_length=10,
        max_length=4000,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you saw, in your own words. It is kept with your name.",
    )

    def __init__(self, *args: Any, areas: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [CHOOSE, *areas]  # type: ignore[attr-defined]


class OverallForm(Form):
    area = forms.CharField(widget=forms.HiddenInput, initial=OVERALL)
    verdict = forms.ChoiceField(choices=[CHOOSE, *Overall.choices], label="Next step")
    reason = forms.CharField(min_length=10, max_length=4000, label="Reason", widget=forms.Textarea(attrs={"rows": 3}))


class ContestForm(Form):
    check_id = forms.ChoiceField(label="Check")
    says = forms.CharField(min_length=10, max_length=4000, label="What is wrong with it", widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, checks: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["check_id"].choices = [CHOOSE, *checks]  # type: ignore[attr-defined]

    def clean_says(self) -> str:
        """A stranger's words, beside which our own stand."""
        return without_strange(str(self.cleaned_data["says"]), lines=True)


class LinkForm(Form):
    days = forms.IntegerField(min_value=1, max_value=90, initial=14, label="Days until it expires")


class WebhookForm(Form):
    url = forms.CharField(max_length=2048, label="URL", help_text="https, on a public address.", widget=forms.TextInput(attrs={"inputmode": "url"}))


class TokenForm(Form):
    name = forms.CharField(max_length=80, label="What it is for")
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple, label="May")
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, label="Days until it expires")


class PersonForm(Form):
    username = forms.RegexField(r"^[\w.@+-]{1,150}$", label="User name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    full_name = forms.CharField(max_length=120, required=False, label="Full name")
    role = forms.ChoiceField(
        choices=Role.choices, initial=Role.RECRUITER,
        help_text="Recruiters hand in, record notices and share results. Interviewers read reports and decide. Administrators see everything.",
    )  # fmt: skip

    def clean_full_name(self) -> str:
        name = str(self.cleaned_data["full_name"])
        if found := strange(name):
            raise forms.ValidationError(f"The name holds a character that is not seen ({found}).")
        return name

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("There is a person of this name already.")
        return name


class RoleForm(Form):
    role = forms.ChoiceField(choices=Role.choices)


class RequisitionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A requisition; bars are one select per area."""

    challenge = forms.ChoiceField()
    mode = forms.ChoiceField()
    modules = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="Modules that matter for this job")
    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"), required=False, widget=forms.CheckboxSelectMultiple,
        label="Members", help_text="They see everything of this requisition that their role allows.",
    )  # fmt: skip

    class Meta:
        model = Requisition
        fields = ("title", "challenge", "mode", "modules", "blind", "independent", "notice_due", "notice_exemption", "members")
        labels: ClassVar = {
            "blind": "Blind: interviewers do not see names, repository owners and authors",
            "independent": "Independent decisions: those of others are shown once one's own is kept",
            "notice_due": "Candidates must be given notice before they are graded",
            "notice_exemption": "If no notice is due: why",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        specs = catalogue.all_challenges()
        self.fields["challenge"].choices = [(spec.slug, spec.title) for spec in specs]  # type: ignore[attr-defined]
        self.fields["mode"].choices = list({name: mode.title for spec in specs for name, mode in spec.modes.items()}.items())  # type: ignore[attr-defined]
        self.fields["mode"].initial = "standard"
        titles = catalogue.areas()
        self.fields["modules"].choices = [(id, titles[id]) for id in titles if any(id in spec.scoring.modules for spec in specs)]  # type: ignore[attr-defined]
        bands = list({name: None for spec in specs for name in spec.scoring.bands})
        for id, title in titles.items():
            self.fields[f"bar_{id}"] = forms.ChoiceField(
                label=title,
                required=False,
                choices=[NONE, *((name, f"{name} or better") for name in bands[:-1])],
                initial=(self.instance.bars or {}).get(id, ""),
            )
        for name, field in self.fields.items():
            if self.instance.frozen and (name in ("challenge", "mode", "modules") or name.startswith("bar_")):
                field.disabled = True

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.startswith("bar_")]

    @property
    def bar_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith("bar_")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.instance.bars = {name.removeprefix("bar_"): value for name, value in data.items() if name.startswith("bar_") and value}
        slug, mode = data.get("challenge"), data.get("mode")
        if slug and mode and mode not in catalogue.challenge(slug).modes:
            self.add_error("mode", f"Challenge {slug} has no such mode.")
        return data
