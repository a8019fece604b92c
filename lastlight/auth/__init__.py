"""Who is asking: signing keys, tokens, revocations, passwords and rate limits.

Nothing here decides what somebody may do; that is the operation table and the actors.
"""
