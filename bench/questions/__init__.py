"""The questions, in the order in which they are asked: those of the contest stand together."""
