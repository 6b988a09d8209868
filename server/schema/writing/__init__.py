"""Writing: the mutations of every noun, their inputs and payloads, one noun a file.

An input is a draft: `drafts.draft_of` turns it into text by field, and the intake makes it right as it does a file's row. In it a field
that is left out stays as it is, and null (or an empty text) clears it. `acts` says what came of a draft: the id that the planner reads
back, or user errors with the path of the input's field, and of a draft made from an older version its conflicts by field.
"""
