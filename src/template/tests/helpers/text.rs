//! Text to text: case, cutting, padding, cleaning.

use super::{refuses, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{capitalize s}}|{{capitalize 'nEW yORK'}}|{{capitalize 'nEW  yORK' fully=true}}",
        "New York|NEW YORK|New  York",
    ),
    (
        "{{capitalize 'NEW' fully=false}}|{{capitalize i}}|{{capitalize yes}}",
        "NEW|7|True",
    ),
    (
        "{{capitalizeFirst 'ñu'}}|{{upper 'ñu ß'}}|{{lower 'ÑU'}}",
        "Ñu|ÑU SS|ñu",
    ),
    (
        "{{capitalizeFirst e}}|{{capitalizeFirst missing}}|{{upper n}}|{{lower missing}}",
        "|||",
    ),
    (
        "{{cut '1-2-3' '-'}}|{{cut s}}|{{cut s e}}|{{cut u 'ú'}}|{{cut missing 'a'}}|{{cut i 7}}",
        "123|newyork|new york|ñand Öl||",
    ),
    (
        "{{replace 'a.b.c' '.' '/'}}|{{replace s e 'x'}}|{{replace u 'ñ' 'n'}}|{{replace missing 'a' 'b'}}",
        "a/b/c|new york|nandú Öl|",
    ),
    (
        "{{substring 'journey' 1 4}}|{{substring 'journey' 4}}|{{substring 'ñandú' 1 99}}|{{substring 'abc' -2 2}}",
        "our|ney|andú|ab",
    ),
    (
        "{{substring 'abc' 2 1}}|{{substring 'abc' 9}}|{{substring i 0 1}}|{{substring missing 0}}|{{substring 'abc' 1 huge}}",
        "||7||bc",
    ),
    (
        "{{abbreviate long 8}}|{{abbreviate long 13}}|{{abbreviate 'abc' 3}}|{{abbreviate u 7}}|{{abbreviate n 5}}",
        "A lon...|A longer text|abc|ñand...|",
    ),
    (
        "{{slugify '  Über Deal #1! '}}|{{slugify 'a_b - ć'}}|{{slugify '日本'}}|{{slugify missing}}",
        "uber-deal-1|a_b---c||",
    ),
    (
        "{{ljust 'ab' size=4 pad='.'}}|{{rjust 'ab' size=4 pad='.'}}|{{center 'ab' size=5 pad='.'}}",
        "ab..|..ab|.ab..",
    ),
    (
        "{{ljust 'ü' size=3}}|{{rjust 'abc' size=2}}|{{center 'a' size=6 pad='xy'}}|{{ljust 'a' size=-4}}|{{ljust n size=3}}",
        "ü  |abc|xyaxyx|a|",
    ),
    (
        "{{stripTags html}}|{{stripTags '<a'}}|{{stripTags '<a><b>x'}}|{{stripTags missing}}",
        "ac < d|<a|x|",
    ),
    (
        "{{breaklines lines}}|{{#breaklines}}{{lines}}!{{/breaklines}}|{{breaklines missing}}",
        "a<br/>b<br/>c|a<br/>b<br/>c!|",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    (
        "{{upper list}}",
        "helper `upper`: `value` must be text, not a list",
    ),
    (
        "{{cut s o}}",
        "helper `cut`: `text` must be text, not an object",
    ),
    (
        "{{replace s 'a' missing}}",
        "helper `replace`: `by` is missing",
    ),
    (
        "{{substring s 'x'}}",
        "helper `substring`: `start` must be a number, not text that is none",
    ),
    (
        "{{substring s 1.5}}",
        "helper `substring`: `start` must be a whole number",
    ),
    (
        "{{abbreviate s 3}}",
        "helper `abbreviate`: `length` must be at least 4",
    ),
    (
        "{{abbreviate s missing}}",
        "helper `abbreviate`: `length` is missing",
    ),
    ("{{ljust s}}", "helper `ljust`: `size` is missing"),
    (
        "{{ljust s size=1000000000}}",
        "the rendered text is longer than 1048576 bytes",
    ),
    (
        "{{center s size=huge}}",
        "the rendered text is longer than 1048576 bytes",
    ),
    (
        "{{rjust s size=4 pad=list}}",
        "helper `rjust`: `pad` must be text, not a list",
    ),
    (
        "{{breaklines o}}",
        "helper `breaklines`: `value` must be text, not an object",
    ),
];

#[test]
fn text_helpers_change_text() {
    renders(RENDERS);
    refuses(REFUSES);
}
