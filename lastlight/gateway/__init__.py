"""From a request to a mailbox and back: decodes, authenticates, routes, and decides nothing."""
