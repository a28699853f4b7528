"""القراء: finding readers, the story of one, adding, importing, pausing, leaving and erasing."""
