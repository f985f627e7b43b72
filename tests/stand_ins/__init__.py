"""What stands in for models, hubs, sound programs and whole servers."""
