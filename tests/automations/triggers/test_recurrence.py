"""When schedules are due: rules, cron lines, intervals, and clocks that are moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from dateutil.rrule import rrulestr

from tieline.automations.triggers import cron
from tieline.automations.triggers.recurrence import Timing
from tieline.automations.triggers.rules import read, split

ZONE = "Europe/Stockholm"  # forward on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC


def timing(text: str, zone: str = ZONE, *, anchor: str = "2020-01-01T00:00:00Z", **values: object) -> Timing:
    rules = tuple(read(one, zone) for one in split(text))
    return Timing(anchor=datetime.fromisoformat(anchor), zone=zone, rules=rules, **values)  # type: ignore[arg-type]


def slots(made: Timing, since: str, count: int) -> list[str]:
    found = islice(made.slots(datetime.fromisoformat(since)), count)
    return [slot.strftime("%m-%d %H:%M:%S").removesuffix(":00") for slot in found]


@pytest.mark.parametrize(
    "text, since, expected",
    [
        pytest.param("30 2 * * *", "2026-03-28T12:00Z", ["03-29 01:00", "03-30 00:30"], id="gap-runs-right-after"),
        pytest.param("*/15 2 * * *", "2026-03-28T12:00Z", ["03-29 01:00", "03-30 00:00"], id="whole-gap-is-one"),
        pytest.param("0 3 * * *", "2026-03-28T12:00Z", ["03-29 01:00", "03-30 01:00"], id="end-of-the-gap"),
        pytest.param("0,30 2-3 * * *", "2026-03-29T00:59Z", ["03-29 01:00", "03-29 01:30"], id="gap-and-after-merge"),
        pytest.param("30 2 * * *", "2026-10-24T12:00Z", ["10-25 00:30", "10-26 01:30"], id="twice-runs-the-first-time"),
        pytest.param("30 2 * * *", "2026-10-25T00:30Z", ["10-26 01:30"], id="asked-between-the-two"),
        pytest.param("30 2 * * *", "2026-10-25T01:10Z", ["10-26 01:30"], id="asked-in-the-second-pass"),
        pytest.param("0 * * * *", "2026-10-24T23:30Z", ["10-25 00:00", "10-25 02:00"], id="by-the-hour-rests"),
    ],
)
def test_clocks_that_are_moved(text: str, since: str, expected: list[str]) -> None:
    assert slots(timing(text), since, len(expected)) == expected


@pytest.mark.parametrize(
    "zone", ["Pacific/Apia", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "UTC"]
)
def test_each_day_once_in_every_zone(zone: str) -> None:
    """Half an hour, a whole day (Apia had no 2011-12-30), clocks that are moved at midnight: no slot twice or lost."""
    made = timing("15 0 * * *", zone, anchor="2010-01-01T00:00:00Z")
    found = list(islice(made.slots(datetime(2011, 1, 1, tzinfo=UTC)), 730))
    gaps = [after - before for before, after in pairwise(found)]
    assert min(gaps) >= timedelta(minutes=15), "the day that Apia left out runs at its end, just before the next"
    assert max(gaps) <= timedelta(hours=26)
    stepwise, moment = [], datetime(2011, 1, 1, tzinfo=UTC)
    for _ in range(730):
        following = made.after(moment)
        assert following is not None
        stepwise.append(moment := following)
    assert stepwise == found


def test_an_interval_takes_no_notice_of_the_clock() -> None:
    made = Timing(anchor=datetime.fromisoformat("2026-10-25T00:00:00Z"), zone=ZONE, seconds=1800)
    assert slots(made, "2026-10-25T00:10Z", 4) == ["10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]
    assert slots(made, "2020-01-01T00:00Z", 1) == ["10-25 00:30"]


def test_start_and_stop_are_slots_themselves() -> None:
    start, stop = (datetime.fromisoformat(f"2026-05-01T{time}Z") for time in ("08:00", "08:02"))
    made = Timing(anchor=start, seconds=60, from_anchor=True, starts_at=start, ends_at=stop)
    assert slots(made, "2020-01-01T00:00Z", 9) == ["05-01 08:00", "05-01 08:01", "05-01 08:02"]


@pytest.mark.parametrize(
    "line, since, expected",
    [
        ("0 6 * * 1-5", "2026-01-02T12:00Z", ["01-05 06:00"]),
        ("0 0 13 * 5", "2026-02-01T00:00Z", ["02-06 00:00", "02-13 00:00", "02-20 00:00"]),
        ("0 0 1 * MON", "2026-02-28T00:00Z", ["03-01 00:00", "03-02 00:00"]),
        ("0 0 */2 * 1", "2026-02-01T00:00Z", ["02-09 00:00", "02-23 00:00"]),
        ("0 0 * * 7", "2026-01-01T00:00Z", ["01-04 00:00"]),
        ("*/20 4-5 1,15 JAN-MAR,12 *", "2026-01-31T00:00Z", ["02-01 04:00", "02-01 04:20", "02-01 04:40"]),
        ("5/30 * * * *", "2026-01-01T00:00Z", ["01-01 00:05", "01-01 00:35"]),
        ("@weekly", "2026-01-01T00:00Z", ["01-04 00:00"]),
    ],
)
def test_cron(line: str, since: str, expected: list[str]) -> None:
    assert slots(timing(line, "UTC"), since, len(expected)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "60 * * * *",
        "* * * *",
        "* * 0 * *",
        "* * * 13 *",
        "5-1 * * * *",
        "*/0 * * * *",
        "a * * * *",
        "@never",
        "٣ * * * *",
    ],
)
def test_cron_lines_that_are_none(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        cron.rules(line)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;INTERVAL=3;BYHOUR=6,18;BYMINUTE=30",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE;BYSETPOS=-1",
        "FREQ=HOURLY;INTERVAL=5;BYMINUTE=10,40",
        "FREQ=MINUTELY;INTERVAL=7;BYHOUR=3,4",
        "FREQ=SECONDLY;INTERVAL=45",
        "FREQ=DAILY;BYMONTHDAY=-1,15;BYMONTH=2,3",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=DAILY;COUNT=30",
        "FREQ=HOURLY;INTERVAL=6;UNTIL=20240402T120000",
    ],
)
def test_the_same_as_dateutil_however_late_one_asks(text: str) -> None:
    start = datetime.fromisoformat("2024-03-05 07:08:00")
    theirs = list(islice(rrulestr(text, dtstart=start), 200))
    rule = read(text)
    for since in (start, theirs[len(theirs) // 2], theirs[-1]):
        expected = [wall for wall in theirs if since <= wall <= since + timedelta(days=3000)]
        assert list(islice(rule.walls(start, since), len(expected))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;BYSECOND=0,10",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=1001",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;INTERVAL=31;BYSECOND=59;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=7;BYHOUR=3;BYMINUTE=1;BYMONTHDAY=31;BYMONTH=2",
        "FREQ=DAILY;BYDAY=2MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=MONTHLY;BYDAY=99MO",
        "FREQ=DAILY;BYEASTER=1",
        "DTSTART:20260101T000000\nRRULE:FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=" + "1," * 600,
        "RRULE:",
        "",
        "\0",
    ],
)
def test_rules_that_cannot_be_kept_are_refused_soon(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"\w"):
        split(text)
    assert time.process_time() - began < 2


def test_a_rule_that_began_long_ago_answers_soon() -> None:
    made = timing("FREQ=SECONDLY;INTERVAL=30;BYMONTH=1", anchor="1970-01-01T00:00:00Z")
    began = time.process_time()
    assert slots(made, "2026-02-01T00:00Z", 1) == ["12-31 23:00"]
    assert time.process_time() - began < 1
