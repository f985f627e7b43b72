"""Sound as samples: PCM and its limiter, sentences as one sound, loudness, when each word is heard."""
