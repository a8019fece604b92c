"""Clients in their own language: TypeScript that Node runs, against nodes of ours."""
