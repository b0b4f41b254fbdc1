"""The token that clients of the vendor ask for before they write."""
