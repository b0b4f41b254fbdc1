"""Forms: what a run asks for before it starts. An addition of ours."""
