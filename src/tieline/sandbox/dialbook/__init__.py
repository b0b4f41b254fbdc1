"""Dialbook: a cloud telephone system (contacts, directories, calls, numbers)."""
