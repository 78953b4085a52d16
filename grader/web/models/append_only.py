"""Records that are written once. What a person decided, or was told, is never edited: a later record stands beside it."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(Exception):
    """Somebody tried to change or remove a record that is kept."""


class AppendOnlyQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Reads and creates; refuses bulk changes too."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} records are never changed")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} records are never removed one by one; only erasing a candidate removes them")


class AppendOnly(models.Model):
    """Base of such records. Their tables have triggers that refuse the same to whoever goes around the models (migration 0002)."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} records are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{type(self).__name__} records are never removed one by one; only erasing a candidate removes them")
