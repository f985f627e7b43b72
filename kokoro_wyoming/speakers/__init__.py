"""Announcements on the speakers of a house: who plays them, when, and how each is left as it was."""
