"""Bodies of `/usage` and `/limits`."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.schemas import moment


class DaySchema(Schema):
    """What was used by the jobs that ended on one UTC day."""

    date = fields.String(metadata={"format": "date", "description": "UTC"})
    jobs = fields.Integer(metadata={"description": "accepted on that day"})
    input_tokens = fields.Integer()
    output_tokens = fields.Integer()
    audio_seconds = fields.Float()
    speech_characters = fields.Integer()
    cost_usd = fields.String()


class BudgetSchema(Schema):
    """`DAILY_BUDGET_USD`; both amounts are null where there is none."""

    limit_usd = fields.String(allow_none=True)
    remaining_usd = fields.String(allow_none=True)
    reset_at = moment("when the next UTC day begins")


class PricesSchema(Schema):
    """The list prices behind each `cost_usd`."""

    as_of = fields.String(metadata={"format": "date", "description": "when they were taken"})
    known = fields.Boolean(
        metadata={"description": "false: a configured model is not listed, and is counted at the dearest price that is"}
    )


class UsageReportSchema(Schema):
    """What an API key used, over all attempts of its jobs, also cancelled and failed ones."""

    today = fields.Nested(DaySchema)
    reserved_usd = fields.String(metadata={"description": "for jobs that are not over; charged as they end"})
    budget = fields.Nested(BudgetSchema)
    days = fields.List(fields.Nested(DaySchema), metadata={"description": "the last seven, newest first"})
    prices = fields.Nested(PricesSchema)


class LimitSchema(Schema):
    """One limit. `remaining` is null where nothing is counted, or where it is not this key's to know."""

    policy = fields.String(metadata={"description": "the name that a 429 gives in `errors`"})
    limit = fields.Raw(allow_none=True, metadata={"type": "number", "description": "null = none is set"})
    remaining = fields.Raw(allow_none=True, metadata={"type": "number"})
    unit = fields.String()
    per = fields.String(allow_none=True, metadata={"description": "hour or day; null = at any moment"})
    reset_at = moment("when it is whole again; null = it is, or no clock decides it", nullable=True)


class LimitsSchema(Schema):
    """Every limit that holds for an API key."""

    data = fields.List(fields.Nested(LimitSchema))
