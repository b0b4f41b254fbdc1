"""Templates as the partner's customers see them; an addition of ours."""
