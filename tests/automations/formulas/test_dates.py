"""Dates: PHP's formats and relative words, time zones, and what is not a date."""

from __future__ import annotations

from typing import Any

import pytest

from tieline.automations.formulas import FormulaValueError


@pytest.mark.parametrize(
    "text, expected",
    [
        ("now", "2024-05-15 10:30:00"),
        ("NOW", "2024-05-15 10:30:00"),
        ("today", "2024-05-15 00:00:00"),
        ("midnight", "2024-05-15 00:00:00"),
        ("noon", "2024-05-15 12:00:00"),
        ("tomorrow", "2024-05-16 00:00:00"),
        ("tomorrow noon", "2024-05-16 12:00:00"),
        ("noon tomorrow", "2024-05-16 12:00:00"),
        ("yesterday 14:00", "2024-05-14 14:00:00"),
        ("yesterday noon", "2024-05-14 12:00:00"),
        ("now - 14 days", "2024-05-01 10:30:00"),
        ("now -14 days", "2024-05-01 10:30:00"),
        ("-14 days", "2024-05-01 10:30:00"),
        ("+1 month", "2024-06-15 10:30:00"),
        ("1 month", "2024-06-15 10:30:00"),
        ("+1 week 2 days 4 hours 2 seconds", "2024-05-24 14:30:02"),
        ("2 weeks ago", "2024-05-01 10:30:00"),
        ("1 year 2 months ago", "2023-03-15 10:30:00"),
        ("in 3 days", "2024-05-18 10:30:00"),
        ("+90 minutes", "2024-05-15 12:00:00"),
        ("next month", "2024-06-15 10:30:00"),
        ("last year", "2023-05-15 10:30:00"),
        ("next week", "2024-05-22 10:30:00"),
        ("this week", "2024-05-15 10:30:00"),
        ("first day of next month", "2024-06-01 10:30:00"),
        ("first day of next month midnight", "2024-06-01 00:00:00"),
        ("last day of this month", "2024-05-31 10:30:00"),
        ("last day of february 2024", "2024-02-29 00:00:00"),
        ("first day of january", "2024-01-01 00:00:00"),
        ("first day of last month 00:00:00", "2024-04-01 00:00:00"),
        ("monday", "2024-05-20 00:00:00"),
        ("wednesday", "2024-05-15 00:00:00"),
        ("next wednesday", "2024-05-22 00:00:00"),
        ("last wednesday", "2024-05-08 00:00:00"),
        ("last friday", "2024-05-10 00:00:00"),
        ("friday 17:00", "2024-05-17 17:00:00"),
        ("monday this week", "2024-05-13 00:00:00"),
        ("monday next week", "2024-05-20 00:00:00"),
        ("sunday this week", "2024-05-19 00:00:00"),
        ("friday last week", "2024-05-10 00:00:00"),
        ("first monday of january 2025", "2025-01-06 00:00:00"),
        ("third tuesday of next month", "2024-06-18 00:00:00"),
        ("last monday of may 2024", "2024-05-27 00:00:00"),
        ("last friday of next month", "2024-06-28 00:00:00"),
        ("+3 weekdays", "2024-05-20 10:30:00"),
        ("-3 weekdays", "2024-05-10 10:30:00"),
        ("2024-01-31 +1 month", "2024-03-02 00:00:00"),
        ("2024-02-29 +1 year", "2025-03-01 00:00:00"),
        ("2024-05-15", "2024-05-15 00:00:00"),
        ("2024-5-1", "2024-05-01 00:00:00"),
        ("2024-05-15T08:09:10", "2024-05-15 08:09:10"),
        ("2024-05-15T08:09:10Z", "2024-05-15 08:09:10"),
        ("2024-05-15T08:09:10.123456+02:00", "2024-05-15 06:09:10"),
        ("2024-05-15 08:09", "2024-05-15 08:09:00"),
        ("2024-05-15 8:09 pm", "2024-05-15 20:09:00"),
        ("2024-05-15 08:09:10 +0200", "2024-05-15 06:09:10"),
        ("2024-05-15 08:09:10 EST", "2024-05-15 13:09:10"),
        ("2024-05-15 08:00 Europe/Brussels", "2024-05-15 06:00:00"),
        ("2024-05-15 24:00", "2024-05-16 00:00:00"),
        ("2024/05/15", "2024-05-15 00:00:00"),
        ("5/15/2024", "2024-05-15 00:00:00"),
        ("15.05.2024", "2024-05-15 00:00:00"),
        ("15-05-2024", "2024-05-15 00:00:00"),
        ("15 May 2024", "2024-05-15 00:00:00"),
        ("15-May-2024", "2024-05-15 00:00:00"),
        ("1st of June 2021", "2021-06-01 00:00:00"),
        ("June 1, 2021", "2021-06-01 00:00:00"),
        ("Jun 1st, 2021 3pm", "2021-06-01 15:00:00"),
        ("June 2021", "2021-06-01 00:00:00"),
        ("2021 June", "2021-06-01 00:00:00"),
        ("Mon, 15 Aug 2005 15:52:01 +0000", "2005-08-15 15:52:01"),
        ("Wed, 02 Oct 2002 13:00:00 GMT", "2002-10-02 13:00:00"),
        ("20240515", "2024-05-15 00:00:00"),
        ("20240515T081500", "2024-05-15 08:15:00"),
        ("20240515081500", "2024-05-15 08:15:00"),
        ("2024-W20", "2024-05-13 00:00:00"),
        ("2024-W20-3", "2024-05-15 00:00:00"),
        ("2024-05", "2024-05-01 00:00:00"),
        ("2024", "2024-01-01 00:00:00"),
        ("10:00", "2024-05-15 10:00:00"),
        ("3am", "2024-05-15 03:00:00"),
        ("@86400", "1970-01-02 00:00:00"),
        ("@-1", "1969-12-31 23:59:59"),
        ("1715769000", "2024-05-15 10:30:00"),
        ("1715769000123", "2024-05-15 10:30:00"),
    ],
)
def test_the_text_is_read_as(text: str, expected: str, compute: Any) -> None:
    assert compute("{converttimezone: {$.d}, , UTC, 'Y-m-d H:i:s', UTC}", d=text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "not a date",
        "2023-02-30x",
        "13/45/2024",
        "25:00",
        "10:61",
        "monday of",
        "+",
        "tomorow",
        "{$.x}",
        "yesterday at nine",
        "0/0/0",
        "١٥",
    ],
)
def test_what_is_no_date_is_an_error_that_says_so(text: str, compute: Any) -> None:
    with pytest.raises(FormulaValueError, match="not a date"):
        compute("{date: {$.d}, 'c'}", d=text)


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("Y-m-d H:i:s", "2024-02-09 08:05:03"),
        ("y n j G g", "24 2 9 8 8"),
        ("D l N w z S", "Fri Friday 5 5 39 th"),
        ("W o t L", "06 2024 29 1"),
        ("F M", "February Feb"),
        ("h:i A a", "08:05 AM am"),
        ("u v", "123456 123"),
        ("c", "2024-02-09T08:05:03+00:00"),
        ("r", "Fri, 09 Feb 2024 08:05:03 +0000"),
        ("U", "1707465903"),
        ("e T P O p Z I", "UTC UTC +00:00 +0000 Z 0 0"),
        ("\\Y\\e\\a\\r: Y", "Year: 2024"),
        ("\\", ""),
        ("jS", "9th"),
        ("ATOM", "2024-02-09T08:05:03+00:00"),
        ("", ""),
        ("Å", "Å"),
    ],
)
def test_a_format_of_php(pattern: str, expected: str, compute: Any) -> None:
    assert compute("{date: '2024-02-09T08:05:03.123456Z', '{$.f}'}", f=pattern) == expected


@pytest.mark.parametrize(
    "text, pattern, expected",
    [
        ("01/06/2021", "d/m/Y", "2021-06-01 00:00:00"),
        ("1-6-21", "j-n-y", "2021-06-01 00:00:00"),
        ("2021.06.01 13h05", "Y.m.d H\\hi", "2021-06-01 13:05:00"),
        ("June 1 2021 1:05 pm", "F j Y g:i a", "2021-06-01 13:05:00"),
        ("1622505600", "U", "2021-06-01 00:00:00"),
        ("2021-06-01T02:00:00+02:00", "c", "2021-06-01 00:00:00"),
        ("Tue, 01 Jun 2021 00:00:00 +0000", "D, d M Y H:i:s O", "2021-06-01 00:00:00"),
        ("2021-06-01 trailing", "Y-m-d+", "2021-06-01 00:00:00"),
        ("!2021", "\\!Y", "2021-01-01 00:00:00"),
        ("13:05", "H:i", "2024-05-15 13:05:00"),
        ("2021-152", "Y-z", "2021-06-02 00:00:00"),
    ],
)
def test_a_date_is_read_by_its_format(text: str, pattern: str, expected: str, compute: Any) -> None:
    assert compute("{converttimezone: {$.t}, {$.f}, UTC, 'Y-m-d H:i:s', UTC}", t=text, f=pattern) == expected


@pytest.mark.parametrize(
    "text, pattern", [("2021-06-01", "d/m/Y"), ("31/02/2021", "d/m/Y"), ("01/06/2021x", "d/m/Y"), ("", "Y")]
)
def test_a_date_that_does_not_fit_its_format_is_an_error(text: str, pattern: str, compute: Any) -> None:
    with pytest.raises(FormulaValueError):
        compute("{timestamp: '{$.t}', {$.f}}", t=text, f=pattern)


@pytest.mark.parametrize(
    "when, expected",
    [
        ("2024-01-15 12:00", "13:00"),
        ("2024-07-15 12:00", "14:00"),
        ("2024-03-31 00:59:59", "01:59"),
        ("2024-03-31 01:00", "03:00"),
    ],
)
def test_summer_time_is_the_zone_s(when: str, expected: str, compute: Any) -> None:
    assert compute("{converttimezone: {$.w}, , UTC, 'H:i', 'Europe/Brussels'}", w=when) == expected


def test_hours_are_elapsed_time_over_a_change_of_the_clock(compute: Any) -> None:
    data = {"d": "2024-03-30 23:00:00 Europe/Brussels"}
    assert compute("{adddate: {$.d}, '+4 hours', 'c'}", **data) == "2024-03-31T04:00:00+02:00"
    assert compute("{adddate: {$.d}, '+1 day', 'c'}", **data) == "2024-03-31T23:00:00+02:00"


@pytest.mark.parametrize(
    "first, second, unit, expected",
    [
        ("2024-01-31", "2024-02-29", "months", 1),
        ("2024-01-31", "2024-02-28", "months", 0),
        ("2024-05-15", "2024-01-15", "months", -4),
        ("2024-05-15 12:00", "2024-06-15 11:00", "months", 0),
        ("2020-02-29", "2024-02-28", "years", 3),
        ("2020-02-29", "2024-02-29", "years", 4),
        ("2024-05-15 23:00", "2024-05-16 01:00", "days", 0),
        ("2024-05-16", "2024-05-15", "days", -1),
        ("2024-05-15", "2024-05-29", "weeks", 2),
        ("2024-01-01", "2024-12-31", "quarters", 3),
        ("2024-05-15 00:00", "2024-05-15 00:01", "s", 60),
    ],
)
def test_differences(first: str, second: str, unit: str, expected: int, compute: Any) -> None:
    assert compute("{datediff: {$.a}, {$.b}, {$.u}}", a=first, b=second, u=unit) == expected


@pytest.mark.parametrize("name", ["date", "year", "weekday", "startof", "adddate", "age", "timeago", "isweekend"])
def test_no_date_gives_null(name: str, compute: Any) -> None:
    rest = {"startof": ", month", "adddate": ", '1 day'", "date": ", Y"}.get(name, "")
    assert compute(f"{{{name}: {{$.missing}}{rest}}}") is None
    assert compute(f"{{{name}: ''{rest}}}") is None
