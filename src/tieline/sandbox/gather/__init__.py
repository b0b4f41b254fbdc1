"""Gather: an events platform (events, sessions, attendee categories, attendees, registrations, check-ins)."""
