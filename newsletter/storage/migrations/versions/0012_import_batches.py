"""Which import brought a subscription, so that it can be taken back."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the marks; earlier imports cannot be taken back."""
