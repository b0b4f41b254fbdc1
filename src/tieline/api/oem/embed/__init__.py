"""Part of the partner's API: what it has registered for sign-on and embedding, and who is signed in."""
