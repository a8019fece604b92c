"""The same three routes with FastAPI on uvicorn, and asyncpg; see ../README.md."""
