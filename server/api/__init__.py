"""The shapes of `/v1`: pydantic models of requests, answers and events, and the route table."""
