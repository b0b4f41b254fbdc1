"""For operators: is the process there, is it ready, what does it count."""
