"""Make room for what the content desk learns: repeated paragraphs, placements, silences, embargoes, whole texts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    op.create_table(
        "boilerplate",
        sa.Column("outlet", sa.String(length=200), nullable=False),
        sa.Column("paragraph", sa.String(length=32), nullable=False),
        sa.Column("last_article", sa.String(length=32), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("outlet", "paragraph", name=op.f("pk_boilerplate")),
    )
    op.create_table(
        "placements",
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.Column("story_id", sa.String(length=32), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_placements")),
    )
    op.create_table(
        "completions",
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_completions")),
    )
    op.create_index("ix_completions_next", "completions", ["next_at"])
    op.add_column("articles", sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_articles_embargo", "articles", ["embargo_until"])
    op.add_column("feeds", sa.Column("usual_gap_seconds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("feeds", sa.Column("relisted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stories", sa.Column("merged_into", sa.String(length=32), nullable=True))
    op.add_column("stories", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("articles", sa.Column("similarity", sa.Float(), nullable=True))
    op.add_column("articles", sa.Column("shared", sa.Text(), nullable=True))
    op.create_table(
        "sketches",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("hash", "article_id", name=op.f("pk_sketches")),
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.String(length=32), nullable=False),
        sa.Column("article_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_aliases")),
    )
