"""The readers' side: subscribers, their consent and the pages they see. It knows nothing of issues."""
