"""What an operation's name says it does. English, as API authors write it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tieline.connectors.importers.classify.words import is_plural, split

Verb = Literal["list", "search", "get", "create", "update", "delete", "action"]


class Said(NamedTuple):
    """A verb and how much it tells: 2 = plainly, 1 = only the HTTP method's own word or an ambiguous one."""

    verb: Verb
    strength: int
    word: str


_GROUPS: dict[Verb, str] = {
    "list": "list index browse enumerate listall getall fetchall",
    "search": "search find query filter lookup autocomplete suggest",
    "get": "get retrieve fetch show read view describe info detail details obtain return select",
    "create": "create add insert new post register store append provision compose place",
    "update": "update edit modify patch put change replace rename set save upsert alter adjust amend overwrite",
    "delete": "delete remove destroy del erase purge drop",
}
_WEAK = frozenset("get post put patch gets index new find return returns select read save set store".split())
_ACTIONS = frozenset(
    "accept acknowledge adopt advance compile control deliver finalise hash mint prepare propose redact "
    "rerun reverse revise activate allow answer apply approve archive ask assign attach authenticate "
    "authorise authorize ban batch block bulk calculate cancel capture charge check checkin checkout claim "
    "classify clear clone close collect compare complete compute confirm connect consume convert copy count "
    "deactivate decline decrypt deploy detach disable disconnect dismiss dispatch download duplicate email "
    "enable encrypt end enrich enroll ensure escalate estimate evaluate exchange execute expire export "
    "extend extract fill finalize finish fire fix flag flush follow fork forward freeze generate grant hide "
    "hold import increment init initialize initiate install invalidate invite invoke join kick kill launch "
    "leave link lock login logout manage mark match merge migrate move mute notify open optimize parse park pause "
    "pay perform ping pin play poll post-process predict preview print process promote publish push react "
    "reactivate rebuild recalculate record recover redeem redirect refresh refund refuse regenerate reindex "
    "reject release reload remind render reopen reorder reply report reprocess request requeue resend "
    "reserve reset resolve restart restore resubmit resume retry revert revoke rollback rotate route run "
    "schedule send share ship sign signin signout signup simulate skip snooze sort split star start stop "
    "submit subscribe suspend swap switch sync synchronize synchronise tag test toggle track transcribe "
    "transfer transform translate trigger unarchive unassign unban unblock undo unfollow unfreeze uninstall "
    "unlink unlock unmute unpin unpublish unreact unregister unshare unstar unsubscribe unsuspend untag "
    "upgrade upload use validate verify void vote wait warm watch wipe withdraw".split()
)
# Words that name a thing as often as a deed: on their own they decide nothing.
_NOUNS = frozenset(
    "answer batch block bulk charge check count email end fork hold import export invite link lock login "
    "match play poll post print process record report request release route schedule share ship sort split "
    "star start test track transfer use vote watch view details detail info index query filter list lists "
    "set store change read tag mark flag open close upload download preview sync match pin pay process "
    "answer apply fix fill fire order run sign switch trigger new".split()
)
_BEFORE_NOUNS = frozenset(
    "access archive attach authorize consume deploy enrich exchange execute follow forward grant hash install join "
    "kick launch leave merge mint mute notify optimize park pause promote publish push react redirect refund reload "
    "remind reset restore restart retry rotate signup snooze subscribe swap tag transform upgrade verify".split()
)
_VERBS: dict[str, Verb] = {word: verb for verb, words in _GROUPS.items() for word in words.split()}


def of_word(word: str) -> Said | None:
    """The verb that one lower-case word stands for."""
    verb = _VERBS.get(word)
    if verb is not None:
        return Said(verb, 1 if word in _WEAK else 2, word)
    if word in _ACTIONS:
        return Said("action", 2, word)
    return None


def of_id(name: str) -> Said | None:
    """The verb of an operation id: ``listContacts``, ``contacts_list``, ``contacts.list``, ``repos/list-for-org``."""
    words = split(name)
    if not words:
        return None
    if (first := of_word(words[0])) is not None:
        if first.word in ("list", "search", "query", "index", "order", "store") and len(words) == 2:
            # "list_update": here "list" is the thing.
            last = of_word(words[1])
            if last is not None and last.verb != first.verb and not is_noun(words[1]):
                return last
        second = words[1] if len(words) > 1 else ""
        if first.verb == "get" and second in ("all", "list", "many", "multiple") and not _list_is_thing(words):
            return Said("list", 2, second)
        if (
            first.verb == "action"
            and (then := of_word(second)) is not None
            and then.verb != "action"
            and not is_noun(second)
        ):
            # "notify_get_thread": the first word is a tag.
            return then
        if first.strength == 1 and len(words) > 1 and (better := _last_part(name)) and better.strength == 2:
            return better
        return first
    if (later := _last_part(name)) is not None:
        return later
    if len(words) > 2 and (then := of_word(words[1])) is not None and (then.strength == 2 or then.word == "get"):
        # "issueEditDeadline": a tag, the verb, the rest.
        return then
    last = of_word(words[-1])
    if last is not None and (words[-1] not in _NOUNS or words[-1] == "list"):
        return last
    return None


def _list_is_thing(words: tuple[str, ...]) -> bool:
    """``GetListSchema``: the schema of a list, where ``getListOfUsers`` and ``getListUsers`` list users."""
    if words[1] != "list" or len(words) < 3 or words[2] in ("of", "by", "for", "in", "from", "with", "to"):
        return False
    return not any(is_plural(word) for word in words[2:])


def _last_part(name: str) -> Said | None:
    """The verb that begins the part behind the last separator: ``tag/verb-rest``, ``Tag_VerbRest``, ``a.b.verb``."""
    parts = [part for part in re.split(r"[./_:]+", name) if part]
    if len(parts) < 2:
        parts = name.rsplit("-", 1)
    if len(parts) < 2:
        return None
    words = split(parts[-1])
    if not words:
        return None
    found = of_word(words[0])
    if found is None or (found.word in _NOUNS and len(words) == 1 and found.verb == "action"):
        return None
    if found.verb == "get" and len(words) > 1 and words[1] in ("all", "list", "many"):
        return Said("list", 2, words[1])
    return found


# "This endpoint allows you to verify ...", "API to verify ...", "Will reload ...": what stands before the verb.
_LEAD = re.compile(
    r"(?:(?:this|the|an?|use this|use the) )?(?:\w+ )?"
    r"(?:api|endpoint|method|operation|call|request|action|function|service|resource|route) "
    r"(?:will |can be used to |is used to |allows? (?:you |users? |one |clients? )?to |lets you "
    r"|enables? (?:you |users? )?to |to |that (?:will )?)?"
    r"|(?:it )?will |used to |allows? (?:you |users? )?to |lets you ",
    re.IGNORECASE,
)
_DETERMINERS = frozenset("a an the all one this that specified given any new existing your multiple some each".split())
_CONJUGATED = {
    "gets": "get",
    "lists": "list",
    "retrieves": "retrieve",
    "returns": "return",
    "fetches": "fetch",
    "creates": "create",
    "adds": "add",
    "updates": "update",
    "deletes": "delete",
    "removes": "remove",
    "searches": "search",
    "finds": "find",
}
_LISTING = re.compile(
    r"^(?:this (?:endpoint|method|operation|call|api) )?(?:(?:get|gets|retrieve|retrieves|return|returns|fetch"
    r"|fetches|obtain|show|shows|read|reads) )"
    r"(?:you )?(?:a |an |the |back )?(?:(?:full|complete|paginated|paged|filtered|sorted) )?(?:(?:list|lists"
    r"|collection|array|page|set) of|all|list)\b(?! by\b)",
    re.IGNORECASE,
)


def of_sentence(summary: str) -> Said | None:
    """The verb that a summary begins with: "List all contacts", "Returns a list of ..."."""
    summary = summary.strip()[:200]
    if _LISTING.match(summary):
        return Said("list", 2, "list")
    if (lead := _LEAD.match(summary)) is not None:
        summary = summary[lead.end() :]
    words = split(summary[:80])
    if not words:
        return None
    found = of_word(_CONJUGATED.get(words[0], words[0]))
    if found is None and words[0].endswith("s") and len(words) > 1 and words[1] in _DETERMINERS:
        # "Cancels the order", "Verifies a token".
        stems = (words[0][:-1], words[0][:-2], words[0][:-3] + "y")
        found = next((one for stem in stems if (one := of_word(stem)) is not None), None)
    if found is None or (found.word in _NOUNS and len(words) == 1):
        return None
    return found


def makes_names(word: str) -> bool:
    """True for a deed that also stands before things to name them: "deploy keys", "order items"."""
    return word in _NOUNS or word in _BEFORE_NOUNS


def is_noun(word: str) -> bool:
    """True for a verb that names a thing as often as a deed."""
    return word in _NOUNS
