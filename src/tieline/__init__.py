"""Tieline: an embeddable integration platform."""
