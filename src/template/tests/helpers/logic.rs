//! Comparing and deciding.

use super::super::{Place, rendered};
use super::{DATA, refuses, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{eq 1 1.0}}|{{gt 1 2}}|{{not (eq i 7)}}|{{and yes (or no (lt 1 2))}}",
        "true|false|false|true",
    ),
    (
        "{{#if (eq (math i '+' 1) 8)}}y{{/if}}|{{#if no}}{{else ifEq i 7}}seven{{/if}}",
        "y|seven",
    ),
    (
        "{{defaultIfEmpty missing 'd'}}{{defaultIfEmpty e 'd'}}{{defaultIfEmpty no 'd'}}{{defaultIfEmpty none 'd'}}{{defaultIfEmpty n 'd'}}",
        "ddddd",
    ),
    (
        "{{defaultIfEmpty z 'd'}}|{{defaultIfEmpty s 'd'}}|{{defaultIfEmpty missing missing}}",
        "0|new york|",
    ),
    (
        "{{yesno yes}} {{yesno no}} {{yesno missing}} {{yesno n}} {{yesno yes yes='ja'}} {{yesno no no='nö'}}{{yesno missing maybe=''}}",
        "yes no maybe maybe ja nö",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    ("{{eq o 1}}", "helper `eq`: `a` must be text, not an object"),
    (
        "{{#ifGt i list}}{{/ifGt}}",
        "helper `ifGt`: `b` must be text, not a list",
    ),
    (
        "{{#ifModEq i 0 0}}{{/ifModEq}}",
        "helper `ifModEq`: `divisor` must not be zero",
    ),
    (
        "{{#ifModEq s 2 0}}{{/ifModEq}}",
        "helper `ifModEq`: `a` must be a number, not text that is none",
    ),
    (
        "{{#ifModEq vast 2 0}}{{/ifModEq}}",
        "helper `ifModEq`: `a` is out of range",
    ),
    (
        "{{#ifContainsStr list 'a'}}{{/ifContainsStr}}",
        "helper `ifContainsStr`: `value` must be text, not a list",
    ),
    (
        "{{#ifMatchesRegexStr s (lower '(')}}{{/ifMatchesRegexStr}}",
        "helper `ifMatchesRegexStr`: `pattern` is not an accepted regular expression",
    ),
    (
        "{{#ifMatchesRegexStr s (lower '(a{999}){999}')}}{{/ifMatchesRegexStr}}",
        "helper `ifMatchesRegexStr`: `pattern` is too large a regular expression",
    ),
    (
        "{{yesno s}}",
        "helper `yesno`: `value` must be true, false or missing, not text",
    ),
];

/// Helpers, arguments, and the branch that is taken.
const BRANCHES: &[(&[&str], &str, &str)] = &[
    (&["ifEq", "eq"], "d 2.5", "y"),
    (&["ifEq", "eq"], "i text7", "y"),
    (&["ifEq", "eq"], "big 12345678901234567891", "n"),
    (&["ifEq", "eq"], "s 'new york'", "y"),
    (&["ifEq", "eq"], "yes 'true'", "y"),
    (&["ifEq", "eq"], "missing n", "y"),
    (&["ifEq", "eq"], "missing e", "n"),
    (&["ifEq", "eq"], "missing 0", "n"),
    (&["ifGt", "gt"], "i 10", "n"),
    (&["ifGt", "gt"], "'b' 'a'", "y"),
    (&["ifGt", "gt"], "vast huge", "y"),
    (&["ifGt", "gt"], "i missing", "n"),
    (&["ifGte", "gte"], "i 7.0", "y"),
    (&["ifLt", "lt"], "i 10", "y"),
    (&["ifLt", "lt"], "missing 10", "n"),
    (&["ifLt", "lt"], "'10a' '9a'", "y"),
    (&["ifLte", "lte"], "i 7", "y"),
    (&["ifLte", "lte"], "missing missing", "n"),
    (&["and"], "yes i s", "y"),
    (&["and"], "yes z", "n"),
    (&["or"], "z e none missing", "n"),
    (&["or"], "z 'x'", "y"),
    (&["not"], "none", "y"),
    (&["not"], "yes", "n"),
    (&["ifModEq"], "21 7 0", "y"),
    (&["ifModEq"], "-7 3 -1", "y"),
    (&["ifModEq"], "missing 7 0", "n"),
    (&["ifContainsStr"], "s 'york'", "y"),
    (&["ifContainsStr"], "s 'York'", "n"),
    (&["ifContainsStr"], "i 7", "y"),
    (&["ifContainsStr"], "missing 'a'", "n"),
    (&["ifMatchesRegexStr"], "s '^new\\s'", "y"),
    (&["ifMatchesRegexStr"], "s 'y.rk$'", "y"),
    (&["ifMatchesRegexStr"], "u 'Ö'", "y"),
    (&["ifMatchesRegexStr"], "s e", "y"),
    (&["ifMatchesRegexStr"], "s u", "n"),
    (&["ifMatchesRegexStr"], "missing 'a'", "n"),
];

#[test]
fn comparisons_take_numbers_as_numbers() {
    let truth = |helper: &str, arguments: &str| {
        let template = format!("{{{{#{helper} {arguments}}}}}y{{{{else}}}}n{{{{/{helper}}}}}");
        rendered(&template, Place::FormValue, DATA)
    };
    for (helpers, arguments, expected) in BRANCHES {
        for helper in *helpers {
            assert_eq!(
                truth(helper, arguments).as_deref(),
                Ok(*expected),
                "{helper} {arguments}"
            );
        }
    }
    renders(RENDERS);
    refuses(REFUSES);
}
