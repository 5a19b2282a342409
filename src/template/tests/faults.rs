//! What is found when a template is loaded: where, and in which words.

use super::{Place, Template};
use crate::template::TemplateFault;

/// Template, offset, message.
const FAULTS: &[(&str, usize, &str)] = &[
    (
        "ü {{name",
        3,
        "`{{` is never closed by `}}`; for literal braces write `\\{{`",
    ),
    (
        "{{{name}}",
        0,
        "`{{{` is never closed by `}}}`; put a space after a literal `{` that stands before `{{`",
    ),
    ("{{#if a}}x", 0, "`{{#if}}` is never closed by `{{/if}}`"),
    ("{{^a.b}}x", 0, "`{{^a.b}}` is never closed by `{{/a.b}}`"),
    (
        "x{{/if}}",
        1,
        "`{{/if}}` closes a block that was never opened",
    ),
    (
        "{{#if a}}x{{/each}}",
        10,
        "found `{{/each}}` where `{{/if}}` is accepted: `{{#if}}` is open",
    ),
    ("{{else}}", 0, "`{{else}}` stands outside of any block"),
    (
        "{{#if a}}{{else}}{{else}}{{/if}}",
        17,
        "this block has its `{{else}}` already",
    ),
    (
        "{{> card}}",
        0,
        "partials are not accepted; accepted are values, helpers and blocks",
    ),
    (
        "{{#> card}}{{/card}}",
        0,
        "partials are not accepted; accepted are values, helpers and blocks",
    ),
    (
        "{{* card}}",
        0,
        "decorators are not accepted; accepted are values, helpers and blocks",
    ),
    (
        "{{#*inline 'a'}}{{/inline}}",
        0,
        "decorators are not accepted; accepted are values, helpers and blocks",
    ),
    (
        "{{{{raw}}}}",
        0,
        "`{{{{` opens a raw block, and raw blocks are not accepted; put a space after a literal `{`",
    ),
    (
        "a {{uper name}}",
        4,
        "`uper` is not a helper; did you mean `upper`?",
    ),
    (
        "{{lower (urlencode name)}}",
        9,
        "`urlencode` is not a helper; did you mean `urlEncode`?",
    ),
    (
        "{{#ifEqual a b}}{{/ifEqual}}",
        3,
        "`ifEqual` is not a block helper; did you mean `ifEq`?",
    ),
    (
        "{{log 'x'}}",
        2,
        "`log` is not accepted: a template writes no logs",
    ),
    (
        "{{upper a b}}",
        2,
        "`upper` takes `value`; found 2 arguments",
    ),
    (
        "{{replace a 'x'}}",
        2,
        "`replace` takes `value`, `text`, `by`; found 2 arguments",
    ),
    (
        "{{length}}",
        2,
        "`length` is a helper and takes `value`; for a field called `length` write `{{this.length}}`",
    ),
    ("{{#if}}{{/if}}", 3, "`if` takes `value`; found 0 arguments"),
    (
        "{{ljust a width=3}}",
        10,
        "`ljust` has no argument `width=`; accepted are `size=`, `pad=`",
    ),
    (
        "{{upper a fully=true}}",
        10,
        "`upper` has no argument `fully=`; accepted are no named arguments",
    ),
    (
        "{{if a}}",
        2,
        "`if` is a block: accepted is `{{#if …}}…{{/if}}`",
    ),
    (
        "{{#upper a}}{{/upper}}",
        0,
        "`upper` has no block form; accepted is `{{upper …}}`",
    ),
    (
        "{{#md5 a}}{{/md5}}",
        0,
        "as a block `md5` takes no arguments: what it changes is its body",
    ),
    (
        "{{#ifMatchesRegexStr a '('}}{{/ifMatchesRegexStr}}",
        3,
        "`(` is not an accepted regular expression: unclosed group",
    ),
    (
        "{{a.this}}",
        2,
        "`this` can only stand at the start of a path, not as in `a.this`",
    ),
    ("{{a 'b}}", 4, "this text is never closed by `'`"),
    ("{{[a}}", 2, "`[` is never closed by `]`"),
    ("{{! a", 0, "this comment is never closed by `}}`"),
    ("{{!-- a }}", 0, "this comment is never closed by `--}}`"),
    (
        "{{a % b}}",
        4,
        "found `%` where a path, a literal or `}}` is accepted",
    ),
    (
        "{{#each a as |x y z|}}{{/each}}",
        10,
        "block parameters are one or two names: `as |item index|`",
    ),
    (
        "{{#each a as |x}}{{/each}}",
        10,
        "block parameters are never closed by `|`",
    ),
];

#[test]
fn faults_say_where_what_was_found_and_what_is_accepted() {
    for (template, offset, message) in FAULTS {
        let faults = Template::parse(template, Place::FormValue).unwrap_err();
        let fault = TemplateFault {
            offset: *offset,
            message: (*message).into(),
        };
        assert_eq!(faults, [fault], "{template}");
    }
}

#[test]
fn every_fault_of_a_template_that_can_be_read_is_said_at_once() {
    let source =
        "{{uper a}} {{#if b}}{{math 1 2}}{{/if}} {{#nope c}}{{lowr d}}{{/nope}} {{cutt e}}";
    let faults = Template::parse(source, Place::JsonBody).unwrap_err();
    let offsets: Vec<_> = faults.iter().map(|fault| fault.offset).collect();
    // What stands in a block that nobody knows is not looked at.
    assert_eq!(offsets, [2, 22, 43, 73]);
}

#[test]
fn a_helper_far_from_all_names_lists_them() {
    let fault = Template::parse("{{sendTheWholeThing a}}", Place::FormValue)
        .unwrap_err()
        .remove(0);

    let start = "`sendTheWholeThing` is not a helper; accepted are abbreviate, and, base64, breaklines, capitalize, ";
    assert_eq!(&fault.message[..start.len()], start);
}

#[test]
fn nesting_is_bounded_before_anything_recurses() {
    for (count, message) in [
        (64, None),
        (65, Some("blocks nest more than 64 deep")),
        (100_000, Some("blocks nest more than 64 deep")),
    ] {
        let source = "{{#if a}}".repeat(count) + &"{{/if}}".repeat(count);
        let faults = Template::parse(&source, Place::FormValue).err();
        assert_eq!(
            faults.map(|faults| faults[0].message.clone()).as_deref(),
            message,
            "{count}"
        );
    }
    let chain = format!(
        "{{{{#if a}}}}{}{{{{/if}}}}",
        "{{else if a}}".repeat(100_000)
    );
    let faults = Template::parse(&chain, Place::FormValue).unwrap_err();
    assert_eq!(faults[0].message, "more than 256 `{{else …}}` in one chain");
}
