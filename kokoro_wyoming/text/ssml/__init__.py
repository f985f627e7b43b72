"""SSML as it arrives into text with marks. Pure."""
