"""What others hear about satisfaction."""

import uuid
from datetime import date
from typing import ClassVar

from app.core.outbox import Fact


class SurveyAnswered(Fact, frozen=True, kw_only=True):
    """Somebody said how it was; the words and grades stay in the answer."""

    kind: ClassVar[str] = "survey.answered"
    subject_field: ClassVar[str] = "survey_id"

    survey_id: uuid.UUID
    subject_kind: str
    subject_id: uuid.UUID
    centre_id: uuid.UUID
    served_on: date
