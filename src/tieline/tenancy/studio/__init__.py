"""How people sign in to the studio, and what their browsers are signed in with."""
