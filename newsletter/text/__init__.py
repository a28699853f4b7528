"""Arabic text: tidy, shorten, likeness, dates, plurals, and mixing writing directions safely. Pure."""
