"""Passwords: what one has to be, and how it is kept (argon2id, RFC 9106 with its second recommended parameters).

    hasher = Hasher()
    kept = await hasher.hash(check(password, email=email))
    await hasher.matches(None, password)        # False, after as long as for a hash that is there

Hashing takes 64 MB and tens of milliseconds, so it happens in threads, a few at a time. It lets go of Python's lock, so
the server goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from typing import TYPE_CHECKING, Final

from tieline.tenancy.studio.errors import WeakPassword

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1024
AT_A_TIME: Final = max(2, min(4, (os.cpu_count() or 2) // 2))
# Passes, memory in KiB and lanes. No setting: only tests want it cheaper.
COST = (3, 65536, 4)
# Salt and hash of a password that nobody knows.
_NOBODY: Final = "5Us+Pa0qmAO45yn1w4276A$r/uq3cAcjulu01yfCkaNuymHT/Bt5ZXJfQLIxgeKGeM"


def normal(password: str) -> str:
    """The one spelling of a password, however a keyboard composes its letters (NIST SP 800-63B section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, email: str, pointer: str = "/password") -> str:
    """The password as it is hashed. Raises `WeakPassword`."""
    wanted = normal(password)
    if not SHORTEST <= len(wanted) <= LONGEST:
        raise WeakPassword(f"A password has {SHORTEST} to {LONGEST} characters; choose another.", pointer=pointer)
    if wanted.casefold() == normal(email).casefold():
        raise WeakPassword("The password is the e-mail address; choose another.", pointer=pointer)
    if len(set(wanted)) < 4:
        raise WeakPassword("The password repeats the same few characters; choose another.", pointer=pointer)
    return wanted


def nobody() -> str:
    """What is compared where there is no password, so that it takes as long."""
    passes, memory, lanes = COST
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${_NOBODY}"


class Hasher:
    """Makes and compares hashes, `AT_A_TIME` at once."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._hasher: PasswordHasher | None = None

    async def hash(self, password: str) -> str:
        """What is kept of a password that `check` has given."""
        async with self._turns:
            return await asyncio.to_thread(self._argon2().hash, password)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether ``kept`` is of this password; None takes as long as any other that is wrong."""
        # Longer ones are nobody's, and would only take longer.
        shown = normal(password[: 4 * LONGEST])[: LONGEST + 1]
        async with self._turns:
            same = await asyncio.to_thread(self._verify, kept or nobody(), shown)
        return same and kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether a hash is of weaker parameters than are used now."""
        return self._argon2().check_needs_rehash(kept)

    def _argon2(self) -> PasswordHasher:
        if self._hasher is None:
            from argon2 import PasswordHasher

            passes, memory, lanes = COST
            self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        return self._hasher

    def _verify(self, kept: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._argon2().verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
