//! Lists.

use super::{refuses, renders};

/// What each template renders as.
const RENDERS: &[(&str, &str)] = &[
    (
        "{{join list '|' prefix='<' suffix='>'}}|{{join none ','}}|{{join missing ','}}",
        "<a|1||ü>||",
    ),
    (
        "{{join 'a' i yes '-'}}|{{join 'a' ','}}|{{join 'a' missing 'b' ','}}|{{join none ',' prefix='<'}}",
        "a-7-true|a|a,,b|<",
    ),
    (
        "{{length 'añb'}}|{{length list}}|{{length o}}|{{length missing}}|{{length n}}|{{length none}}|{{length big}}",
        "3|4|2|0|0|0|20",
    ),
    (
        "{{#minInList items 'p'}}{{n}}{{/minInList}}|{{#maxInList items 'p'}}{{n}}{{../s}}{{/maxInList}}",
        "a|dnew york",
    ),
    (
        "{{#minInList missing 'p'}}a{{else}}none{{/minInList}}|{{#maxInList items 'q'}}a{{else}}none{{/maxInList}}",
        "none|none",
    ),
    (
        "{{#maxInList items 'n' as |most|}}{{most.n}}{{/maxInList}}|{{#minInList none 'p'}}{{/minInList}}",
        "d|",
    ),
    (
        "{{lookup o 'b'}}|{{lookup list 3}}|{{lookup missing 'b'}}|{{lookup o missing}}",
        "1.10|ü||",
    ),
];

/// What each template is refused with.
const REFUSES: &[(&str, &str)] = &[
    (
        "{{join lists ','}}",
        "helper `join`: `list` must hold text and numbers, not a list",
    ),
    (
        "{{join list o}}",
        "helper `join`: `separator` must be text, not an object",
    ),
    (
        "{{#minInList s 'p'}}{{/minInList}}",
        "helper `minInList`: `list` must be a list, not text",
    ),
    (
        "{{#minInList lists '0'}}{{/minInList}}{{#minInList lists 'length'}}{{/minInList}}{{join o ','}}",
        "helper `join`: `list` must be text, not an object",
    ),
];

#[test]
fn list_helpers_look_at_lists() {
    renders(RENDERS);
    refuses(REFUSES);
}
