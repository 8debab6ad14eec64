"""Make room for what the content desk learns: repeated paragraphs, an editor's placements, usual silences."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables and two columns."""
    op.create_table(
        "boilerplate",
        sa.Column("outlet", sa.String(length=200), nullable=False),
        sa.Column("paragraph", sa.String(length=32), nullable=False),
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
    op.add_column("feeds", sa.Column("usual_gap_seconds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("stories", sa.Column("merged_into", sa.String(length=32), nullable=True))
