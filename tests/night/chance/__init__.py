"""Random nights: anything that anybody may do, in any order, and what must hold all the same."""
