"""An issue made into a letter: templates, MIME, header lines, pictures."""
