"""Sign-on and the frame: how a partner's people come in."""
