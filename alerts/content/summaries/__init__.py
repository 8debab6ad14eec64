"""What we print of an article or a story, each sentence with the place where it stands. Pure but for `llm`."""
