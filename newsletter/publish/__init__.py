"""Issues put where others read them than in their inbox: what is asked, what came of it, and what each target makes.

One folder a target; ``targets`` is the table of them. Nothing else here opens a workspace:
``newsletter.workflows.publishing`` does, and hands over values.
"""

from newsletter.publish.models import (
    PublishError,
    PublishInterruptedError,
    PublishOutcome,
    PublishTalk,
    PublishWish,
)

__all__ = ["PublishError", "PublishInterruptedError", "PublishOutcome", "PublishTalk", "PublishWish"]
