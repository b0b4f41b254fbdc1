"""Tables of automations: their versions, runs, triggers, and what they keep. `tables` has them all."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tieline.storage.schema import created, metadata, owned, updated

automations = owned(
    "automations",
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("owner_id", Uuid, nullable=False),
    Column("space_id", Uuid, nullable=True),
    Column("state", Text, nullable=False, server_default=text("'available'")),
    Column("run_mode", Text, nullable=False, server_default=text("'manual'")),
    Column("version", Integer, nullable=False, comment="the newest version; a run names its own"),
    Column("template_id", Uuid, nullable=True, comment="it runs this template's document; versions are the template's"),
    Column("live_version", Integer, nullable=True, comment="what triggers start; null = always the newest"),
    Column("priority", SmallInteger, nullable=False, server_default=text("0"), comment="-1 low, 0 normal, 1 high"),
    Column(
        "failure_notice",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="who is told of a run that ended badly: {on, mail, webhook, everySeconds}; {} = nobody",
    ),
    Column("failure_told_at", DateTime(timezone=True), nullable=True, comment="when somebody was told last"),
    Column("failures_untold", Integer, nullable=False, server_default=text("0"), comment="since then"),
    Column("schedules", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column(
        "start_settings",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="what the start block of the newest version says: sync, webhook",
    ),
    Column(
        "follows",
        JSONB,
        nullable=False,
        server_default=text("'[]'::jsonb"),
        comment="list of {automationId, on}: starts when that one ends",
    ),
    Column("max_concurrent_runs", Integer, nullable=False, server_default=text("1")),
    Column("execution_token", LargeBinary, nullable=True, comment="sealed, shown to those who may edit"),
    Column("execution_token_hash", LargeBinary, nullable=True),
    Column("last_run_id", Uuid, nullable=True),
    Column("last_run_at", DateTime(timezone=True), nullable=True),
    Column("last_run_status", Text, nullable=True),
    Column("last_run_seconds", Float, nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    Index("ix_automations_following", "tenant_id", postgresql_where=text("follows <> '[]'::jsonb")),
)

automation_versions = owned(
    "automation_versions",
    Column("version", Integer, primary_key=True),
    Column("workspace", LargeBinary, nullable=False, comment="the document as it came, JSON"),
    Column("saved_by", Uuid, nullable=True),
    Column("note", Text, nullable=False, server_default=text("''"), comment="what the person who saved it says of it"),
    Column("restored_from", Integer, nullable=True, comment="the version that this one brings back"),
    created(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    key=("automation_id",),
)

runs = owned(
    "runs",
    Column("automation_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("owner_id", Uuid, nullable=False),
    Column("space_id", Uuid, nullable=True),
    Column("executed_by", Uuid, nullable=True),
    Column("is_test", Boolean, nullable=False, server_default=text("false")),
    Column("inputs", LargeBinary, nullable=True, comment="JSON: payload of the trigger or form answers"),
    Column("start_key", Text, nullable=True, comment="what started it, once: a schedule's slot, a delivery, a call"),
    Column("parent_id", Uuid, nullable=True, comment="the run that waits for this one, or that it followed"),
    Column("depth", Integer, nullable=False, server_default=text("0"), comment="runs above it that started each other"),
    Column("awaited", Boolean, nullable=False, server_default=text("false"), comment="wake the parent at the end"),
    Column("woken", Boolean, nullable=False, server_default=text("false"), comment="a child has ended: do not sleep"),
    Column("output", LargeBinary, nullable=True, comment="JSON: what the output blocks collected"),
    Column("error", JSONB, nullable=True, comment="list of {code, title, detail, block}"),
    Column("metrics", JSONB, nullable=True),
    Column("fence", BigInteger, nullable=False, server_default=text("0"), comment="grows with each claim"),
    Column("worker", Text, nullable=True),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="claims so far"),
    Column("scheduled_at", DateTime(timezone=True), nullable=True),
    Column("started_at", DateTime(timezone=True), nullable=True),
    Column("stopped_at", DateTime(timezone=True), nullable=True),
    Column("stop_requested_at", DateTime(timezone=True), nullable=True),
    Column("pause_requested_at", DateTime(timezone=True), nullable=True),
    Column("renewed", JSONB, nullable=True, comment="path -> version: blocks that failed, tried again as it has them"),
    Column("rerun_of", Uuid, nullable=True, comment="the run whose inputs this one began with"),
    Column("trace", Text, nullable=True, comment="traceparent or trace id of what started it (W3C Trace Context)"),
    Column(
        "trial", LargeBinary, nullable=True, comment="JSON of a test run: pinned outputs, where it ends, sample data"
    ),
    Column(
        "purged_at",
        DateTime(timezone=True),
        nullable=True,
        comment="since when what it kept is gone, or going: it cannot be retried",
    ),
    created(),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    Index("ix_runs_of_automation", "tenant_id", "automation_id", "id"),
    Index(
        "ix_runs_start_key",
        "tenant_id",
        "automation_id",
        "start_key",
        unique=True,
        postgresql_where=text("start_key IS NOT NULL"),
    ),
    Index(
        "ix_runs_active",
        "tenant_id",
        "automation_id",
        "status",
        postgresql_where=text("status IN ('not started','queued','starting','running','must stop')"),
    ),
    Index("ix_runs_stopped", "tenant_id", "stopped_at", postgresql_where=text("stopped_at IS NOT NULL")),
    Index(
        "ix_runs_emptied_next",
        "tenant_id",
        "stopped_at",
        postgresql_where=text("status = 'finished' AND purged_at IS NULL"),
    ),
    postgresql_with={"fillfactor": "70"},
)

# No foreign key: the check would lock the run's row once an entry. Deleting a run deletes its journal explicitly.
journal = owned(
    "journal",
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("data", LargeBinary, nullable=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    key=("run_id",),
)

# What a run keeps aside because it is large: outputs over 256 kB and the trigger's payload.
run_blobs = owned(
    "run_blobs",
    Column("id", Uuid, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    created(),
    key=("run_id",),
)

pointers = owned(
    "pointers",
    Column("block_id", Text, primary_key=True),
    Column("inputs_hash", Text, primary_key=True, comment="one pointer per distinct set of inputs"),
    Column("value", JSONB, nullable=False),
    Column("run_id", Uuid, nullable=True, comment="the run that moved it last"),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    key=("automation_id",),
)

# When an automation starts by itself. The slot that is due next is ``next_at``: whoever moves it on starts the run.
# ``due_at`` is when somebody looks at it: the same moment, or later where the tenant had too many runs waiting.
schedules = owned(
    "schedules",
    Column("automation_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False, comment="rrule, interval"),
    Column("rule", Text, nullable=False, comment="RFC 5545 recurrence rules, one a line, or seconds"),
    Column("timezone", Text, nullable=False, server_default=text("'UTC'")),
    Column("starts_at", DateTime(timezone=True), nullable=True),
    Column("ends_at", DateTime(timezone=True), nullable=True),
    Column("misfire", Text, nullable=False, server_default=text("'once'"), comment="once, skip, all"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("anchor", DateTime(timezone=True), nullable=False, comment="what intervals are counted from"),
    Column("next_at", DateTime(timezone=True), nullable=True),
    Column("due_at", DateTime(timezone=True), nullable=True),
    Column("last_at", DateTime(timezone=True), nullable=True, comment="the slot that was started last"),
    Column("started_at", DateTime(timezone=True), nullable=True, comment="when it was started"),
    Column("error", Text, nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    Index("ix_schedules_due", "due_at", postgresql_where=text("enabled AND due_at IS NOT NULL")),
    Index("ix_schedules_of_automation", "tenant_id", "automation_id"),
)

# What automations of a tenant keep for each other, by store and key.
data_store = owned(
    "data_store",
    Column("kind", Text, primary_key=True, comment="value, row"),
    Column("store", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False, comment="as run data in the journal"),
    Column("size", Integer, nullable=False, comment="bytes of value"),
    Column("expires_at", DateTime(timezone=True), nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    Index("ix_data_store_expired", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    key=(),
)

# What a run has written to the data store last, so that a resumed run finds its own write instead of repeating it.
data_store_writes = owned(
    "data_store_writes",
    Column("key", Text, primary_key=True, comment="of the run's path, the same on a repeat"),
    Column("result", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    key=("run_id",),
)

# Files that a run is writing, and what it does with files: once begun, a repeat knows that it is one.
run_files = owned(
    "run_files",
    Column("id", Text, primary_key=True, comment="of the run's path, the same on a repeat"),
    Column("state", Text, nullable=False, comment="begun, open, done"),
    Column("size", BigInteger, nullable=False, server_default=text("0"), comment="bytes written so far"),
    Column("pieces", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "about", LargeBinary, nullable=False, comment="as run data in the journal: where it goes, how it is written"
    ),
    created(),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"),
    key=("run_id",),
)

# What was written to them, until they are closed.
run_file_pieces = owned(
    "run_file_pieces",
    Column("file_id", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="of the path of the block that wrote it"),
    Column("number", BigInteger, nullable=False, comment="in the order of the file"),
    Column("data", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "run_id", "file_id"],
        ["run_files.tenant_id", "run_files.run_id", "run_files.id"],
        ondelete="CASCADE",
    ),
    Index("ix_run_file_pieces_in_order", "tenant_id", "run_id", "file_id", "number"),
    key=("run_id",),
)

# Outputs that a person has pinned to blocks: a test run takes them in place of running the block.
block_pins = owned(
    "block_pins",
    Column("block_id", Text, primary_key=True),
    Column("output", LargeBinary, nullable=False, comment="JSON"),
    Column("pinned_by", Uuid, nullable=True),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    key=("automation_id",),
)

# Answers that a form block keeps for the next run.
form_answers = owned(
    "form_answers",
    Column("block_id", Text, primary_key=True),
    Column("answers", JSONB, nullable=False),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    key=("automation_id",),
)

# What purged runs did, so that the figures of a day do not shrink with them.
usage_days = owned(
    "usage_days",
    Column("day", Date, primary_key=True, comment="on which the runs were started, in UTC"),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("runs", "scheduled_runs", "triggered_runs", "webhook_runs")
    ),
    Column("seconds", Numeric, nullable=False, server_default=text("0")),
    Column("api_calls", BigInteger, nullable=False, server_default=text("0")),
    Column("received", BigInteger, nullable=False, server_default=text("0"), comment="bytes"),
    Column("sent", BigInteger, nullable=False, server_default=text("0"), comment="bytes"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    key=("automation_id",),
)

# How much was ever purged in this installation.
purge_totals = Table(
    "purge_totals",
    metadata,
    Column("what", Text, primary_key=True, comment="a table, or 'emptied': runs of which only the row stays"),
    Column("count", BigInteger, nullable=False),
)
