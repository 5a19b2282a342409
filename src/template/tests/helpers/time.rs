//! Time.

use super::{refuses, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{now}}|{{now 'short'}}|{{now 'yyyy-MM-dd HH:mm:ss.SSS'}}|{{now tz='America/New_York'}}",
        "Jun 19, 2012, 1:05:09 PM|6/19/12|2012-06-19 13:05:09.123|Jun 19, 2012, 9:05:09 AM",
    ),
    (
        "{{dateFormat t 'full'}}|{{dateFormat t 'long'}}|{{dateFormat t}}|{{dateFormat t 'short'}}|{{dateFormat t 'short' time='short'}}",
        "Tuesday, June 19, 2012|June 19, 2012|Jun 19, 2012|6/19/12|6/19/12, 1:05 PM",
    ),
    (
        "{{dateFormat t \"yyyy-MM-dd'T'HH:mm:ssXXX\"}}|{{dateFormat t \"yyyy-MM-dd'T'HH:mm:ssXXX\" tz='Europe/Paris'}}",
        "2012-06-19T13:05:09Z|2012-06-19T15:05:09+02:00",
    ),
    (
        "{{dateFormat t 'EEE EEEE DDD h:mm a SSS z'}}|{{dateFormat ms 'SSS S n'}}|{{dateFormat t \"h 'o''clock' a\"}}",
        "Tue Tuesday 171 1:05 PM 000 UTC|123 1 123000000|1 o'clock PM",
    ),
    (
        "{{dateFormat t 'z VV X x XX xxx Z O OOOO' tz='GMT+5:30'}}",
        "GMT+05:30 GMT+05:30 +0530 +0530 +0530 +05:30 +0530 GMT+5:30 GMT+05:30",
    ),
    (
        "{{dateFormat t 'z VV X' tz='America/Los_Angeles'}}|{{dateFormat t 'X x' tz='Europe/Paris'}}|{{dateFormat t 'X x Z O'}}",
        "PDT America/Los_Angeles -07|+02 +02|Z +00 +0000 GMT",
    ),
    (
        "{{dateFormat day 'yyyy-MM-dd HH:mm'}}|{{dateFormat '2026-01-31 10:20:30' 'H:m:s'}}|{{dateFormat '1340111109123' 'yy'}}|{{dateFormat 0 'y'}}",
        "2026-01-31 00:00|10:20:30|12|1970",
    ),
    (
        "{{dateFormat t 'G yyyy u M MM MMM MMMM MMMMM d dd Q QQQ e E w Y W K k kk A'}}",
        "AD 2012 2012 6 06 Jun June J 19 19 2 Q2 3 Tue 25 2012 4 1 13 13 47109000",
    ),
    (
        "{{dateFormat '2024-12-31' 'w Y'}}|{{dateFormat '2016-05-22 14:12:23 +02:00' 'HH:mm'}}|{{dateFormat missing}}|{{dateFormat n 'yy'}}",
        "1 2025|12:12||",
    ),
    (
        "{{dateMath '2026-01-31T00:00:00Z' '+1M'}}|{{dateMath day '+1d12h'}}|{{dateMath day '-1y'}}|{{dateMath t '/d'}}",
        "2026-02-28T00:00:00Z|2026-02-01T12:00:00Z|2025-01-31T00:00:00Z|2012-06-19T00:00:00Z",
    ),
    (
        "{{dateMath t '-2h30m/h'}}|{{dateMath t '/M+1w'}}|{{dateMath t '/w'}}|{{dateMath t '/y'}}|{{dateMath t '+1s/m'}}",
        "2012-06-19T10:00:00Z|2012-06-08T00:00:00Z|2012-06-18T00:00:00Z|2012-01-01T00:00:00Z|2012-06-19T13:05:00Z",
    ),
    (
        "{{dateMath 'now' '/d' tz='Asia/Kolkata'}}|{{dateMath 'now' '+1d' format='yyyy-MM-dd'}}|{{dateMath missing '+1d'}}",
        "2012-06-19T00:00:00+05:30|2012-06-20|",
    ),
    (
        "{{dateMath '2026-03-28T12:00:00' '+1d' tz='Europe/Paris'}}",
        "2026-03-29T13:00:00+02:00",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    (
        "{{dateFormat s}}",
        "helper `dateFormat`: `time` must be RFC 3339, `yyyy-MM-dd[ HH:mm:ss]` or epoch milliseconds",
    ),
    (
        "{{dateFormat '2026-02-30'}}",
        "helper `dateFormat`: `time` must be RFC 3339, `yyyy-MM-dd[ HH:mm:ss]` or epoch milliseconds",
    ),
    (
        "{{dateFormat list}}",
        "helper `dateFormat`: `time` must be text, not a list",
    ),
    (
        "{{dateFormat vast}}",
        "helper `dateFormat`: `time` is out of range",
    ),
    (
        "{{dateFormat t 'b'}}",
        "helper `dateFormat`: `format` has `b`, which no field of time has 1 times",
    ),
    (
        "{{dateFormat t 'yyyyyyyyyyyyyyyyyyyyyyyyyyyy'}}",
        "helper `dateFormat`: `format` has more than 19 letters in a row",
    ),
    (
        "{{dateFormat t \"yyyy'\"}}",
        "helper `dateFormat`: `format` has a `'` that is never closed",
    ),
    (
        "{{dateFormat t tz='Mars/Base'}}",
        "helper `dateFormat`: `tz` must be an IANA name or `GMT±h:mm`",
    ),
    (
        "{{now tz='GMT+99'}}",
        "helper `now`: `tz` must be an IANA name or `GMT±h:mm`",
    ),
    (
        "{{dateMath t '+1'}}",
        "helper `dateMath`: `offset` must be like `+1d`, `-2h30m` or `/d`, with the units y M w d h m s",
    ),
    (
        "{{dateMath t ''}}",
        "helper `dateMath`: `offset` must be like `+1d`, `-2h30m` or `/d`, with the units y M w d h m s",
    ),
    (
        "{{dateMath t '+99999y'}}",
        "helper `dateMath`: `offset` leads out of the years that can be written",
    ),
    (
        "{{dateMath t missing}}",
        "helper `dateMath`: `offset` is missing",
    ),
];

#[test]
fn times_are_formatted_and_moved() {
    renders(RENDERS);
    refuses(REFUSES);
}
