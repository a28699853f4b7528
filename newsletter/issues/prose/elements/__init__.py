"""Elements of an issue: callouts, cards, columns, figures and the rest, read into blocks and written down again."""
