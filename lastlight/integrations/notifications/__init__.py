"""How people are reached outside the apps: pushes, mail, texts, calls, and the venue's contact."""
