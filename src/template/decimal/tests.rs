//! Arithmetic, comparing and rounding by the digit.

use super::*;

fn number(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

#[test]
fn arithmetic_is_decimal() {
    for (a, operator, b, expected) in [
        ("0.1", '+', "0.2", "0.3"),
        ("1.10", '+', "1.90", "3"),
        ("9223372036854775807", '+', "1", "9223372036854775808"),
        ("5", '-', "7.5", "-2.5"),
        ("-5", '-', "-5", "0"),
        ("1e3", '-', "1", "999"),
        ("1.5", '*', "-4", "-6"),
        ("99", '*', "99", "9801"),
        ("7", '/', "2", "3.5"),
        ("1", '/', "3", "0.3333333333333333"),
        ("2", '/', "3", "0.6666666666666667"),
        ("-1", '/', "8", "-0.125"),
        ("1e-5", '/', "3", "0.000003333333333333333"),
        ("6", '/', "2", "3"),
        ("12345678901234565", '/', "1", "12345678901234560"),
        ("123456789012345675", '/', "10", "12345678901234570"),
        ("0", '/', "7", "0"),
        ("7", '%', "3", "1"),
        ("-7", '%', "3", "-1"),
        ("7", '%', "-3", "1"),
        ("5.5", '%', "2", "1.5"),
        ("1e20", '%', "7", "2"),
    ] {
        let (one, two) = (number(a), number(b));
        let result = match operator {
            '+' => one.add(&two),
            '-' => one.subtract(&two),
            '*' => one.multiply(&two),
            '/' => one.divide(&two),
            _ => one.remainder(&two),
        };
        assert_eq!(result.plain(), expected, "{a} {operator} {b}");
    }
}

#[test]
fn numbers_compare_whatever_their_size() {
    for (a, b, expected) in [
        ("1.10", "1.1", Ordering::Equal),
        ("-0", "0.00", Ordering::Equal),
        ("1e400", "1e401", Ordering::Less),
        ("1e999999999999999999999", "1e1", Ordering::Greater),
        ("-2", "-10", Ordering::Greater),
        ("-1", "0", Ordering::Less),
        ("9007199254740993", "9007199254740992", Ordering::Greater),
        ("0.09", "0.1", Ordering::Less),
    ] {
        assert_eq!(number(a).cmp(&number(b)), expected, "{a} {b}");
    }
}

#[test]
fn rounding_follows_its_mode() {
    let modes = [
        "UP",
        "DOWN",
        "CEILING",
        "FLOOR",
        "HALF_UP",
        "HALF_DOWN",
        "HALF_EVEN",
    ];
    for (text, expected) in [
        ("5.5", ["6", "5", "6", "5", "6", "5", "6"]),
        ("2.5", ["3", "2", "3", "2", "3", "2", "2"]),
        ("1.1", ["2", "1", "2", "1", "1", "1", "1"]),
        ("-1.6", ["-2", "-1", "-1", "-2", "-2", "-2", "-2"]),
        ("-2.5", ["-3", "-2", "-2", "-3", "-3", "-2", "-2"]),
        ("0.05", ["1", "0", "1", "0", "0", "0", "0"]),
    ] {
        let results = modes.map(|mode| {
            number(text)
                .rounded(0, Rounding::named(mode).unwrap())
                .plain()
        });
        assert_eq!(results, expected, "{text}");
    }
}

#[test]
fn what_is_no_number_is_none() {
    for text in [
        "", "-", ".", "1e", "1e+", "0x1", "1 ", " 1", "NaN", "1_000", "1.2.3", "٣", "e5", "--1",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}
