"""How API authors call the parts of paging, moments and keys. Names are compared without case and punctuation."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.words import plain


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PAGE = _set(
    "page pagenumber pagenum pageno pageindex pg currentpage pagenr pagingpage paginationpage pagepage "
    "pagepagenumber paginationpagenumber pagingpagenumber pageidx ipage resultspage pagecount0 numberpage "
    "paginationcurrentpage p pageid requestedpage pagenumbers startpage pageoptionspage pagepagenum"
)
SIZE = _set(
    "perpage pagesize limit per maxkeys size count maxresults top first take rows resultsperpage pagelimit "
    "itemsperpage hitsperpage batchsize maxitems max pagelen pagesizelimit numresults resultcount "
    "recordsperpage nbresults maxpagesize pagingsize pagingpagesize paginationpagesize paginationsize "
    "paginationlimit paginationperpage pagepagesize pageperpage maxrecords maxcount maxentries "
    "entriesperpage limitperpage resultlimit pageitems numitems numrecords length num n maxrows rowsperpage "
    "rowcount itemcount pagecount quantity amount maxreturn maxsize nitems pagecapacity maxperpage "
    "resultsize fetchsize last"
)
OFFSET = _set(
    "offset skip start startat startindex from pageoffset firstresult startposition startrowindex "
    "startrecord recordoffset startrow startfrom resultoffset paginationoffset pagingoffset rowoffset begin "
    "firstrecord skipcount firstitem startitem beginindex rowstart offsetstart fromindex recordstart "
    "startnum idx"
)
# Those that can mean nothing else: "from" and "start" are moments and places as often.
SURE_OFFSET = OFFSET - _set("from start begin startfrom fromindex idx startnum")
CURSOR = _set(
    "cursor pagetoken nexttoken nextpagetoken continuation continuationtoken pagecursor startcursor marker "
    "scrollid bookmark skiptoken nextcursor pagingtoken paginationtoken after aftercursor startingtoken next "
    "nextpage nextpageid lastevaluatedkey exclusivestartkey iterator nextmarker resumetoken pageafter "
    "cursorafter nextpagecursor paginationcursor pagingcursor scrollparam streamposition paginationkey "
    "pagekey nextkey continuationkey scrolltoken pageresumetoken startkey position pagestate offsettoken "
    "pagingstate nextstart startmarker nextbatch nextoffset pagingkey cursortoken cursornext fromcursor "
    "searchafter"
)
KEYSET = _set(
    "startingafter startafter sinceid afterid lastid lastkey fromid minid startingid greaterthanid idgt "
    "beforeid maxid endingbefore olderthanid"
)
BACKWARD = _set("before endingbefore previous prev previouscursor beforecursor maxid beforeid prevcursor previouspage")

NEXT_URL = _set(
    "nexturl nextpageurl nextlink nextpagelink odatanextlink nexthref nexturi nextpageuri nextpagehref "
    "nextpagepath nextresultsurl nextrecordsurl nextpaginationurl urlnext linknext nextrequesturl "
    "nextpagedurl nextpath morelink nextlinkurl"
)
NEXT_CURSOR = _set(
    "nextcursor nextpagetoken nexttoken nextpagecursor continuationtoken continuation scrollparam nextmarker "
    "nextpageid scrollid lastevaluatedkey endcursor nextkey nextscrollid nextpagekey nextbookmark bookmark "
    "nextpagingtoken pagingtoken nextiterator nextbatch nextoffset nextstreamposition nextcontinuationtoken "
    "nextskiptoken skiptoken cursornext nextstart nextstartingafter paginationtoken nextpagestate "
    "nextposition resumetoken nextid paginationkey nextpaginationtoken nextafter pagetoken pagestate"
)
# Decided by what stands around them: a link, a token or a number.
NEXT_ANY = _set("next nextpage cursor after marker iterator nextpageinfo cursors")
HAS_MORE = _set(
    "hasmore hasnext hasnextpage more moreavailable morerecords hasmoreitems hasmoreresults morerecordsexist "
    "istruncated truncated hasmorepages morepages hasmoredata hasmorerecords moreitems moreresults "
    "morepagesavailable nextpageexists morerows hasmorerows isnextpage morepagesexist moreitemsincollection "
    "hasnextpages ismore existsnextpage moreitemsavailable nextpageavailable moredata"
)
LAST = _set("last islast islastpage done isdone endofresults nomore nomoreresults isfinalpage endoflist reachedend")
# Only what can mean nothing but "all of them": a count of this page, taken for the total, would end a sync too early.
TOTAL = _set(
    "total totalcount totalresults totalitems totalrecords totalelements totalhits totalsize totalentries "
    "numfound recordstotal odatacount totalresult totalrows nbhits totalnumber totalnumberofresults countall "
    "totalobjects totalnumberofitems totalnumberofrecords overallcount itemstotal totalmatches "
    "totalcountofitems resultstotal fullcount totalavailable entirecount totalitemcount totalrecordcount "
    "totalnum totalresultcount totalnumitems totalcnt totalcounts grandtotal"
)
TOTAL_MAYBE = _set("count size results matches numberofresults num hits")
TOTAL_PAGES = _set(
    "totalpages pagecount lastpage pages numpages nbpages maxpage pagestotal numberofpages totalpage "
    "pagetotal totalpagecount totalnumberofpages maxpages numberpages pagescount totalnumpages "
    "lastpagenumber pagemax"
)

LIST_HOLDERS: dict[str, int] = {
    **dict.fromkeys(_set("data items results value records rows entries elements objects"), 10),
    **dict.fromkeys(
        _set("list content hits nodes edges resources members collection docs documents entities resultlist"), 9
    ),
    **dict.fromkeys(
        _set("result response payload values itemlist datalist resultarray resultset searchresults array matches"), 8
    ),
    **dict.fromkeys(_set("body output returnvalue returndata contents resultitems datas recordset children"), 6),
}
HOLDERS = _set(
    "cursor data result results response payload body embedded d output content returnvalue value page "
    "envelope object resultset collection pageinfo items list paging hits"
)
RECORD_HOLDERS = _set(
    "cursor data result item record object response payload entity resource attributes body content results "
    "output value"
)
SIDE_LISTS = _set(
    "errors error warnings messages included links scopes facets aggregations columns sort sorts filters "
    "filter context orderby headers alerts notices breadcrumbs buckets appliedfilters availablefilters "
    "errormessages validationerrors details suggestions fielderrors roles permissions debug trace "
    "relatedlinks actions operations failures"
)
META = _set(
    "status stat success ok message messages msg code error errors warnings warning links link meta metadata "
    "pagination paging page count requestid timestamp time duration version apiversion jsonapi included "
    "object kind type etag url self info responsemetadata odatacontext odatanextlink odatacount schema href "
    "statuscode statusmessage description currentpage perpage pagesize limit offset size start from to prev "
    "previous next first last took took_ms previouspage prevpage pageinfo pageable sort numberofelements "
    "empty cursor cursors hasprev hasprevious previouscursor traceid correlationid servertime query params "
    "request detail errorcode errormessage errordescription issuccess isvalid selflink nextsynctoken "
    "copyright attribution license resultcode resultmessage resultsperpage itemsperpage responsecode "
    "firstpageurl lastpageurl prevpageurl path startindex firsturl lasturl uri pagenumber stats summary "
    "debug lastpage executiontime responsetime id_ context xml ns result resulttype returncode"
)
PAGING_SIGNS = (
    HAS_MORE
    | TOTAL
    | TOTAL_PAGES
    | NEXT_URL
    | NEXT_CURSOR
    | _set(
        "pagination paging next count offset limit page pageinfo perpage pagesize links meta odatanextlink "
        "responsemetadata currentpage"
    )
)

# Plurals that name one thing.
WHOLES = _set("details settings stats metrics data status analytics statistics info preferences counts totals options")

_PARTS = re.compile(r"[.\[\]/:]+")


def key(name: str) -> str:
    """``page[number]`` as ``pagenumber``, ``$skip`` as ``skip``, ``@odata.nextLink`` as ``odatanextlink``."""
    return plain(name)


def last(name: str) -> str:
    """The last part of a structured name: ``number`` of ``page[number]``, ``perpage`` of ``paging.per_page``."""
    parts = [part for part in _PARTS.split(name) if part]
    return plain(parts[-1]) if parts else ""
