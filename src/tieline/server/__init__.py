"""Assembly: the ASGI application, the worker, the command line, settings and logging."""
