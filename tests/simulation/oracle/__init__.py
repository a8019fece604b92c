"""What must hold at quiet moments, told from the rules and not from the code that is judged."""
