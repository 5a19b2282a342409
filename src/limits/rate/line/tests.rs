//! The line of one tile, told the time by hand.

mod windows;

use super::*;
use crate::config::Rate;
use std::num::NonZeroU32;

const LONG: Duration = Duration::from_secs(10);
const MOST: usize = 100;

pub(super) fn rate(count: u32, seconds: u64) -> Pace {
    Pace::of(Rate {
        count: NonZeroU32::new(count).unwrap(),
        per: Duration::from_secs(seconds),
    })
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A line at `pace` that began so long ago that its first slot is free, and what time it is.
fn line(pace: Pace) -> (Line<&'static str>, Instant) {
    let begin = Instant::now();
    let mut line = Line::new(begin, None);
    line.set_pace(pace);
    (line, begin + LONG)
}

/// Who is released at `now`.
fn released(line: &mut Line<&'static str>, now: Instant) -> Vec<&'static str> {
    let mut all = Vec::new();
    while let Some((_, name)) = line.release(now) {
        all.push(name);
    }
    all
}

#[track_caller]
fn granted(asked: Asked) -> Grant {
    match asked {
        Asked::Now(grant) => grant,
        Asked::Wait | Asked::Late(_) => panic!("no slot: {asked:?}"),
    }
}

#[test]
fn what_comes_from_the_schedule_goes_first_and_each_in_the_order_they_came() {
    let (mut line, now) = line(rate(10, 1));
    granted(line.ask(From::Worker, LONG, MOST, now));
    line.join(From::Worker, "w1", now);
    line.join(From::Schedule, "s1", now);
    line.join(From::Worker, "w2", now);
    line.join(From::Schedule, "s2", now);

    let mut order = Vec::new();
    for slot in 1..=4 {
        let moment = now + rate(10, 1).times(slot);
        assert_eq!(released(&mut line, moment - milliseconds(1)), [""; 0]);
        order.extend(released(&mut line, moment));
    }

    assert_eq!(order, ["s1", "s2", "w1", "w2"]);
    assert_eq!(line.next_release(), None);
}

#[test]
fn one_who_comes_from_the_schedule_into_a_line_that_waits_costs_it_no_slot() {
    // A slot every 200 µs, and a look at the line every millisecond.
    let (mut line, begin) = line(rate(5000, 1));
    granted(line.ask(From::Worker, LONG, MOST, begin));
    for _ in 0..600 {
        line.join(From::Worker, "w", begin);
    }

    let mut count = 0;
    for look in 1..=100 {
        let now = begin + milliseconds(look);
        line.join(From::Schedule, "s", now);
        count += released(&mut line, now).len();
    }

    // In 100 ms, at a hair below 5000 a second.
    assert!((497..=500).contains(&count), "{count}");
}

#[test]
fn a_worker_is_late_at_once_behind_all_that_are_before_it() {
    let (mut line, now) = line(rate(10, 1));
    granted(line.ask(From::Worker, LONG, MOST, now));
    line.join(From::Worker, "w", now);
    line.backlog(7, now);

    let interval = rate(10, 1).interval();
    let asked = line.ask(From::Worker, milliseconds(903), MOST, now);
    assert_eq!(asked, Asked::Late(interval * 9));
    // It overflowed, so the next one goes after it.
    let asked = line.ask(From::Worker, milliseconds(1003), MOST, now);
    assert_eq!(asked, Asked::Late(interval * 10));
    assert_eq!(line.ask(From::Worker, LONG, MOST, now), Asked::Wait);
    // What is due passes by them all.
    let asked = line.ask(From::Schedule, milliseconds(101), MOST, now);
    assert_eq!(asked, Asked::Wait);
}

#[test]
fn claims_that_come_in_take_the_backlog_down() {
    let (mut line, now) = line(rate(1000, 1));
    line.backlog(3000, now);
    granted(line.ask(From::Schedule, LONG, MOST, now));
    let short = milliseconds(100);
    assert!(matches!(
        line.ask(From::Worker, short, MOST, now),
        Asked::Late(_)
    ));

    for _ in 0..2950 {
        line.join(From::Schedule, "s", now);
    }
    let later = now + Duration::from_secs(10);
    assert_eq!(released(&mut line, later).len(), 3);
    while released(&mut line, later + LONG).is_empty() {}
    let mut then = later + LONG;
    while line.next_release().is_some() {
        then += milliseconds(2);
        released(&mut line, then);
    }

    // 50 of 3,000, and the one that overflowed, are on the schedule still.
    granted(line.ask(From::Worker, short, MOST, then + milliseconds(2)));
}

#[test]
fn no_more_workers_wait_than_may() {
    let (mut line, now) = line(rate(10, 1));
    granted(line.ask(From::Worker, LONG, 2, now));
    let first = line.join(From::Worker, "w1", now);
    line.join(From::Schedule, "s1", now);
    assert_eq!(line.ask(From::Worker, LONG, 2, now), Asked::Wait);
    line.join(From::Worker, "w2", now);

    let interval = rate(10, 1).interval();
    let asked = line.ask(From::Worker, LONG, 2, now);
    assert_eq!(asked, Asked::Late(interval * 4));
    assert_eq!(line.ask(From::Schedule, LONG, 2, now), Asked::Wait);
    line.leave(first);
    assert_eq!(line.ask(From::Worker, LONG, 2, now), Asked::Wait);
}

#[test]
fn who_leaves_costs_no_slot_and_who_gives_up_is_told_what_was_to_come() {
    let (mut line, now) = line(rate(10, 1));
    granted(line.ask(From::Worker, LONG, MOST, now));
    let gone = line.join(From::Worker, "gone", now);
    line.join(From::Worker, "next", now);
    let last = line.join(From::Worker, "last", now);

    assert!(line.leave(gone));
    assert!(!line.leave(gone));
    let interval = rate(10, 1).interval();
    assert_eq!(line.give_up(last, now), Some(interval * 2));
    assert_eq!(line.give_up(last, now), None);
    assert_eq!(released(&mut line, now + interval), ["next"]);
    assert_eq!(line.next_release(), None);
}

#[test]
fn a_slot_that_is_given_back_is_free_again_unless_another_was_given_out_since() {
    let (mut line, now) = line(rate(10, 1));
    let interval = rate(10, 1).interval();
    let first = granted(line.ask(From::Worker, LONG, MOST, now));
    line.give_back(first);
    let first = granted(line.ask(From::Worker, LONG, MOST, now));
    let second = granted(line.ask(From::Worker, LONG, MOST, now + interval));

    line.give_back(first);
    line.join(From::Worker, "w", now + interval);
    assert_eq!(line.next_release(), Some(now + interval * 2));
    line.give_back(second);
    assert_eq!(released(&mut line, now + interval), ["w"]);
}

#[test]
fn those_who_wait_go_at_the_pace_that_is_in_force() {
    let (mut line, now) = line(rate(10, 1));
    granted(line.ask(From::Worker, LONG, MOST, now));
    line.join(From::Worker, "a", now);
    line.join(From::Worker, "b", now);
    line.join(From::Worker, "c", now);

    line.set_pace(rate(1, 1));
    assert_eq!(line.next_release(), Some(now + rate(1, 1).interval()));
    line.set_pace(rate(100, 1));
    assert_eq!(released(&mut line, now + milliseconds(11)), ["a"]);
    line.set_pace(Pace::FREE);
    assert_eq!(released(&mut line, now + milliseconds(11)), ["b", "c"]);
}

#[test]
fn after_a_stall_the_time_that_passed_is_forfeit() {
    let (mut line, now) = line(rate(1000, 1));
    granted(line.ask(From::Worker, LONG, MOST, now));
    for _ in 0..100 {
        line.join(From::Worker, "w", now);
    }

    // The tolerance is worth three slots at most.
    assert_eq!(released(&mut line, now + milliseconds(50)).len(), 3);
    assert_eq!(released(&mut line, now + milliseconds(51)).len(), 1);
}

#[test]
fn slots_that_are_used_late_move_those_after_them() {
    let (mut line, now) = line(rate(1000, 1));
    for _ in 0..100 {
        line.join(From::Worker, "w", now);
    }
    let mut grants = Vec::new();
    let mut then = now;
    for _ in 0..20 {
        grants.push(line.release(then).unwrap().0);
        then += rate(1000, 1).interval();
    }

    // All 20 are taken at once, when the last one was given out.
    for grant in grants {
        assert_eq!(grant.is_late(then), grant.moment + TOLERANCE < then);
        line.used(grant, then);
    }

    let next = then - TOLERANCE + rate(1000, 1).times(20);
    assert_eq!(line.next_release(), Some(next));
}

#[test]
fn the_first_slot_of_a_process_is_one_interval_after_its_start_or_after_the_last_one_before() {
    let begin = Instant::now();
    let first = |pace: Pace, last: Option<Instant>| {
        let mut line = Line::<()>::new(begin, last);
        line.set_pace(pace);
        line.expected(From::Worker, begin)
    };

    assert_eq!(first(rate(5, 1), None), rate(5, 1).interval());
    assert_eq!(first(rate(1, 1), None), rate(1, 1).interval());
    let (minute, half) = (rate(1, 60).interval(), Duration::from_secs(30));
    assert_eq!(first(rate(1, 60), None), Duration::ZERO);
    let last = begin.checked_sub(half);
    assert_eq!(first(rate(1, 60), last), minute - half);
    assert_eq!(first(rate(5, 1), last), rate(5, 1).interval());
}

#[test]
fn the_schedule_has_room_for_a_quarter_of_a_second() {
    let (mut line, now) = line(rate(1000, 1));
    line.backlog(10_000, now);

    assert_eq!(line.room(now), Ok(250));
    line.coming(250, now);
    // They are on their way, but are not waited for long.
    assert_eq!(line.room(now), Err(milliseconds(50)));
    for _ in 0..250 {
        line.join(From::Schedule, "s", now);
    }
    // There is room again when half of them has gone.
    assert_eq!(line.room(now), Err(rate(1000, 1).times(124)));
    let mut then = now;
    while line.claimed() > 120 {
        then += rate(1000, 1).interval();
        released(&mut line, then);
    }
    let room = line.room(then).unwrap();
    assert!((125..=130).contains(&room), "{room}");
}

#[test]
fn a_slow_tile_has_room_for_one_shortly_before_its_slot() {
    let (mut line, now) = line(rate(1, 60));
    granted(line.ask(From::Schedule, LONG, MOST, now));

    let slot = rate(1, 60).interval();
    assert_eq!(line.room(now), Err(LATE));
    let soon = now + slot - HORIZON - milliseconds(20);
    assert_eq!(line.room(soon), Err(milliseconds(20)));
    let before = now + slot - HORIZON;
    assert_eq!(line.room(before), Ok(1));
    line.coming(1, before);
    assert_eq!(line.room(before), Err(milliseconds(50)));
    line.join(From::Schedule, "s", before);
    assert_eq!(line.room(before), Err(HORIZON));
}
