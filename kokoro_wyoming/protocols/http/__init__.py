"""The HTTP face: the API that OpenAI's clients speak, addresses for speakers, and the page."""
