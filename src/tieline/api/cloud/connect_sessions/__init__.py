"""Connect sessions: links with which a person connects an account; an addition of ours."""
