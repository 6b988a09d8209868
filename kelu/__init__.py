"""The one command: it composes the rooms."""
