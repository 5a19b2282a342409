//! Strips white space as handlebars.js does: beside `~`, and around tags that stand alone on their lines.
//!
//! A walk over the tree, in the order of handlebars.js, since one strip decides what the next one sees. Whether a tag stands
//! alone is judged on the text as written; what is stripped is taken from the text as it is by then.

use super::scan::Strip;
use super::tree::{Block, Item, Program};
use super::words::is_space;

/// How far a strip goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To the end of the line, for a tag that stands alone.
    Line,
    /// As far as there is white space, for `~`.
    All,
}

/// What a tag asks of the text around it.
#[derive(Default)]
struct Wish {
    strip: Strip,
    open_alone: bool,
    close_alone: bool,
    inline_alone: bool,
}

/// Strips the whole tree.
pub(super) fn strip(root: &mut Program) {
    strip_program(&mut root.items, true);
}

fn strip_program(items: &mut [Item], is_root: bool) {
    for at in 0..items.len() {
        let Some(wish) = wish(&mut items[at]) else {
            continue;
        };
        let blank_before = blank_before(items, at, is_root);
        let blank_after = blank_after(items, at + 1, is_root);
        if wish.strip.after {
            strip_start(items.get_mut(at + 1), Reach::All);
        }
        if wish.strip.before {
            strip_end(before(items, at), Reach::All);
        }
        if wish.inline_alone && blank_before && blank_after {
            strip_start(items.get_mut(at + 1), Reach::Line);
            strip_end(before(items, at), Reach::Line);
        }
        if wish.open_alone && blank_before {
            if let Item::Block(block) = &mut items[at] {
                let first = block.program.as_mut().or(block.inverse.as_mut());
                strip_start(
                    first.and_then(|program| program.items.first_mut()),
                    Reach::Line,
                );
            }
            strip_end(before(items, at), Reach::Line);
        }
        if wish.close_alone && blank_after {
            strip_start(items.get_mut(at + 1), Reach::Line);
            if let Item::Block(block) = &mut items[at] {
                let last = block.inverse.as_mut().or(block.program.as_mut());
                strip_end(
                    last.and_then(|program| program.items.last_mut()),
                    Reach::Line,
                );
            }
        }
    }
}

fn before(items: &mut [Item], at: usize) -> Option<&mut Item> {
    items.get_mut(at.checked_sub(1)?)
}

fn wish(item: &mut Item) -> Option<Wish> {
    match item {
        Item::Text(_) => None,
        Item::Value(head) => Some(Wish {
            strip: head.strip,
            ..Wish::default()
        }),
        Item::Comment(strip) => Some(Wish {
            strip: *strip,
            inline_alone: true,
            ..Wish::default()
        }),
        Item::Block(block) => Some(strip_block(block)),
    }
}

fn strip_block(block: &mut Block) -> Wish {
    for program in [&mut block.program, &mut block.inverse]
        .into_iter()
        .flatten()
    {
        strip_program(&mut program.items, false);
    }
    let (open, close) = (block.head.strip, block.close_strip);
    let (program, inverse) = match (block.program.as_mut(), block.inverse.as_mut()) {
        (Some(program), inverse) => (program, inverse),
        (None, Some(inverse)) => (inverse, None),
        (None, None) => return Wish::default(),
    };
    let first_branch = inverse
        .as_deref()
        .map_or(&*program, |inverse| first_of_chain(inverse));
    let wish = Wish {
        strip: Strip {
            before: open.before,
            after: close.after,
        },
        open_alone: blank_after(&program.items, 0, false),
        close_alone: blank_before(&first_branch.items, first_branch.items.len(), false),
        inline_alone: false,
    };
    if open.after {
        strip_start(program.items.first_mut(), Reach::All);
    }
    let Some(inverse) = inverse else {
        if close.before {
            strip_end(program.items.last_mut(), Reach::All);
        }
        return wish;
    };
    if block.inverse_strip.before {
        strip_end(program.items.last_mut(), Reach::All);
    }
    if block.inverse_strip.after {
        strip_start(first_of_chain_mut(inverse).items.first_mut(), Reach::All);
    }
    // In a chain this is the first `{{else …}}`, not the last: so it is in handlebars.js.
    if close.before {
        strip_end(first_of_chain_mut(inverse).items.last_mut(), Reach::All);
    }
    let first = first_of_chain_mut(inverse);
    if blank_before(&program.items, program.items.len(), false)
        && blank_after(&first.items, 0, false)
    {
        strip_end(program.items.last_mut(), Reach::Line);
        strip_start(first.items.first_mut(), Reach::Line);
    }
    wish
}

fn first_of_chain(inverse: &Program) -> &Program {
    match inverse.items.first() {
        Some(Item::Block(block)) if inverse.chained => block.program.as_ref().unwrap_or(inverse),
        Some(_) | None => inverse,
    }
}

fn first_of_chain_mut(inverse: &mut Program) -> &mut Program {
    if first_in_chain(inverse) {
        return program_of_first(inverse);
    }
    inverse
}

fn first_in_chain(inverse: &Program) -> bool {
    inverse.chained
        && matches!(inverse.items.first(), Some(Item::Block(block)) if block.program.is_some())
}

fn program_of_first(inverse: &mut Program) -> &mut Program {
    match inverse.items.first_mut() {
        Some(Item::Block(block)) => block.program.as_mut().expect("`first_in_chain` saw it"),
        _ => unreachable!("`first_in_chain` saw a block"),
    }
}

/// Whether only white space with a line break, or the template's start, stands before `at`.
fn blank_before(items: &[Item], at: usize, is_root: bool) -> bool {
    let Some(previous) = at.checked_sub(1) else {
        return is_root;
    };
    let Item::Text(text) = &items[previous] else {
        return false;
    };
    let trimmed = text.original.trim_end_matches(is_space);
    let first = is_root && previous == 0;
    text.original[trimmed.len()..].contains('\n') || (first && trimmed.is_empty())
}

/// Whether only white space with a line break, or the template's end, stands from `at`.
fn blank_after(items: &[Item], at: usize, is_root: bool) -> bool {
    let Some(next) = items.get(at) else {
        return is_root;
    };
    let Item::Text(text) = next else {
        return false;
    };
    let trimmed = text.original.trim_start_matches(is_space);
    let last = is_root && at + 1 == items.len();
    text.original[..text.original.len() - trimmed.len()].contains('\n')
        || (last && trimmed.is_empty())
}

fn strip_start(item: Option<&mut Item>, reach: Reach) {
    let Some(Item::Text(text)) = item else {
        return;
    };
    if reach == Reach::Line && text.right_stripped {
        return;
    }
    let kept = match reach {
        Reach::All => text.value.trim_start_matches(is_space),
        Reach::Line => {
            let line = text.value.trim_start_matches([' ', '\t']);
            let line = line.strip_prefix('\r').unwrap_or(line);
            line.strip_prefix('\n').unwrap_or(line)
        }
    };
    let cut = text.value.len() - kept.len();
    text.right_stripped = cut != 0;
    text.value.replace_range(..cut, "");
}

fn strip_end(item: Option<&mut Item>, reach: Reach) {
    let Some(Item::Text(text)) = item else {
        return;
    };
    if reach == Reach::Line && text.left_stripped {
        return;
    }
    let kept = match reach {
        Reach::All => text.value.trim_end_matches(is_space),
        Reach::Line => text.value.trim_end_matches([' ', '\t']),
    };
    let length = kept.len();
    text.left_stripped = length != text.value.len();
    text.value.truncate(length);
}
