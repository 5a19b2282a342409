//! Numbers.

use super::{DATA, Place, refuses, rendered, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{math 7 '/' 2}}|{{math 0.1 '+' 0.2}}|{{math big '+' 1}}|{{math d '*' 2}}|{{math text7 '-' i}}",
        "3.5|0.3|12345678901234567891|5|0",
    ),
    (
        "{{math -7 '%' 3}}|{{math 1 '/' 3}}|{{math missing '+' 1}}|{{math n '+' 1}}|{{length (math huge '*' 1)}}",
        "-1|0.3333333333333333|||401",
    ),
    (
        "{{numberFormat 1234.5}}|{{numberFormat 1234.5 '#,##0.00'}}|{{numberFormat 1234567.8915}}",
        "1,234.5|1,234.50|1,234,567.892",
    ),
    (
        "{{numberFormat 2.5 'integer'}}|{{numberFormat 3.5 'integer'}}|{{numberFormat 0.256 'percent'}}|{{numberFormat 1234.5 'currency'}}",
        "2|4|26%|$1,234.50",
    ),
    (
        "{{numberFormat -1234.5 'currency'}}|{{numberFormat -5 '#;(#)'}}|{{numberFormat 5 \"'#'#\"}}|{{numberFormat 0 '#.##'}}",
        "-$1,234.50|(5)|#5|0",
    ),
    (
        "{{numberFormat 0.5 '#.##'}}|{{numberFormat 12345 '0.###E0'}}|{{numberFormat 0.00012 '0.0E00'}}|{{numberFormat 12345 '##0.##E0'}}",
        ".5|1.234E4|1.2E-04|12.34E3",
    ),
    (
        "{{numberFormat 9.99 '0.0E0'}}|{{numberFormat 7 '000'}}|{{numberFormat 0.0012 '0.0‰'}}|{{numberFormat -0.001 '0.00'}}",
        "1.0E1|007|1.2‰|0.00",
    ),
    (
        "{{numberFormat d maximumFractionDigits=0}}|{{numberFormat d minimumFractionDigits=3}}|{{numberFormat 1234 groupingUsed=false}}",
        "2|2.500|1234",
    ),
    (
        "{{numberFormat d maximumFractionDigits=0 roundingMode='HALF_UP'}}|{{numberFormat 1234 maximumIntegerDigits=2}}|{{numberFormat 7 minimumIntegerDigits=3}}",
        "3|34|007",
    ),
    (
        "{{numberFormat missing}}|{{numberFormat n '0'}}|{{numberFormat '12.0'}}|{{numberFormat big '#,##0'}}",
        "||12|12,345,678,901,234,567,890",
    ),
    (
        "{{stringFormat '%s %d %.2f %05d %x %%' s i d i 255}}|{{stringFormat '%-5s|%5s|' 'ab' 'cd'}}",
        "new york 7 2.50 00007 ff %|ab   |   cd|",
    ),
    (
        "{{stringFormat '%,d %+d (%(d) %X %o %#x' 1234567 5 -5 255 8 255}}|{{stringFormat '%2$s %1$s' 'a' 'b'}}",
        "1,234,567 +5 ((5)) FF 10 0xff|b a",
    ),
    (
        "{{stringFormat '%e %.3g %g %b %S %c %.2s' 12345.678 0.00001234 1234.5 yes 'ab' 'xy' 'abc'}}",
        "1.234568e+04 1.23e-05 1234.50 true AB x ab",
    ),
    (
        "{{stringFormat missing 1}}|{{stringFormat '%s|%d' missing n}}|{{stringFormat '%08.2f' -3.14159}}|{{stringFormat '%x' -1}}",
        "|||-0003.14|ffffffff",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    (
        "{{math 1 '/' 0}}",
        "helper `math`: `b` must not be zero: division by zero",
    ),
    (
        "{{math 1 '^' 2}}",
        "helper `math`: `operator` must be one of + - * / %",
    ),
    (
        "{{math s '+' 2}}",
        "helper `math`: `a` must be a number, not text that is none",
    ),
    ("{{math 1 '+' missing}}", "helper `math`: `b` is missing"),
    (
        "{{math 1 '+' yes}}",
        "helper `math`: `b` must be a number, not a boolean",
    ),
    (
        "{{math vast '+' 1}}",
        "helper `math`: `a` is out of range: it has more than 1000 digits",
    ),
    (
        "{{math (math huge '*' huge) '*' huge}}",
        "helper `math`: the result has more than 1000 digits",
    ),
    (
        "{{numberFormat s}}",
        "helper `numberFormat`: `number` must be a number, not text that is none",
    ),
    (
        "{{numberFormat 1 '0#0'}}",
        "helper `numberFormat`: `format` must be integer, percent, currency or a DecimalFormat pattern",
    ),
    (
        "{{numberFormat 1 roundingMode='UPWARDS'}}",
        "helper `numberFormat`: `roundingMode` must be one of UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN, UNNECESSARY",
    ),
    (
        "{{numberFormat 1.5 '0' roundingMode='UNNECESSARY'}}",
        "helper `numberFormat`: `roundingMode` is UNNECESSARY, but the number needs rounding",
    ),
    (
        "{{numberFormat 1 minimumFractionDigits=1000000000}}",
        "helper `numberFormat`: `minimumFractionDigits` must be from 0 to 1000",
    ),
    (
        "{{stringFormat '%d' d}}",
        "helper `stringFormat`: `values` must be a whole number for `%d`",
    ),
    (
        "{{stringFormat '%d %d' 1}}",
        "helper `stringFormat`: `format` asks for more values than there are",
    ),
    (
        "{{stringFormat '%q' 1}}",
        "helper `stringFormat`: `format` has a `%` that begins no conversion",
    ),
    (
        "{{stringFormat '%999999999d' 1}}",
        "the rendered text is longer than 1048576 bytes",
    ),
    (
        "{{stringFormat '%.999999999f' 1}}",
        "helper `stringFormat`: `format` has a precision above 1000",
    ),
    (
        "{{stringFormat '%99999999999999999999s' s}}",
        "the rendered text is longer than 1048576 bytes",
    ),
    (
        "{{stringFormat '%s' o}}",
        "helper `stringFormat`: `values` must be text, not an object",
    ),
];

#[test]
fn numbers_are_decimal() {
    renders(RENDERS);
    refuses(REFUSES);
}

#[test]
fn an_exponent_has_no_more_digits_than_a_number_may() {
    let zeros = "0".repeat(70_000);

    let template = format!("{{{{numberFormat 1 '0E{zeros}'}}}}");

    assert_eq!(
        rendered(&template, Place::FormValue, DATA).unwrap_err(),
        "helper `numberFormat`: `format` must be integer, percent, currency or a DecimalFormat pattern"
    );
}
