"""What the desk keeps: approvals of letters, and who did what."""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing was approved so far."""
