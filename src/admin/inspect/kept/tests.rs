//! The bounds of the inspector.

use super::*;

fn id(number: u8) -> Id {
    Id([number; 16])
}

/// A request that can be told from others by its URL.
fn request(url: &str, body: usize) -> Recorded {
    Recorded {
        at: Timestamp::UNIX_EPOCH,
        method: Method::POST,
        url: url.to_owned(),
        headers: vec![("x".to_owned(), "1".to_owned())],
        body: vec![b'x'; body].into(),
        truncated: false,
    }
}

fn urls(kept: &mut Kept, id: Id, now: Instant) -> Option<Vec<String>> {
    let requests = kept.list(id, now)?;
    Some(requests.iter().map(|it| it.url.clone()).collect())
}

/// What is said of the bytes is what is there.
#[track_caller]
fn assert_counted(kept: &Kept) {
    let requests = kept.endpoints.values().flat_map(|it| &it.requests);
    let bytes: usize = requests.map(|(_, it)| it.size()).sum();
    assert_eq!(kept.bytes, bytes);
}

#[test]
fn an_id_is_32_hexadecimal_digits_and_nothing_else() {
    let fresh = Id::fresh().unwrap();
    assert_eq!(Id::parse(&fresh.to_string()), Some(fresh));
    assert_ne!(Id::fresh().unwrap(), fresh);
    assert_eq!(id(1).to_string(), "01".repeat(16));
    for text in [
        "",
        "01",
        &"0g".repeat(16),
        &"0A".repeat(16),
        &"+1".repeat(16),
        &"0".repeat(33),
    ] {
        assert_eq!(Id::parse(text), None, "{text}");
    }
}

#[test]
fn an_endpoint_has_what_was_sent_to_it_until_it_is_closed() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    kept.create(id(1), now);
    kept.create(id(2), now);
    for (to, url) in [(1, "a"), (2, "b"), (1, "c")] {
        assert!(kept.record(id(to), request(url, 1), now));
    }
    assert!(!kept.record(id(3), request("d", 1), now));

    assert_eq!(
        [1, 2, 3].map(|of| urls(&mut kept, id(of), now).map(|urls| urls.join(" "))),
        [Some("a c".to_owned()), Some("b".to_owned()), None]
    );

    assert_eq!(
        [kept.delete(id(1), now), kept.delete(id(1), now)],
        [true, false]
    );
    assert_eq!((kept.has(id(1), now), kept.has(id(2), now)), (false, true));
    assert_counted(&kept);
}

#[test]
fn the_oldest_request_of_an_endpoint_goes_for_the_hundred_and_first() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    kept.create(id(1), now);
    for n in 0..=MOST_REQUESTS {
        kept.record(id(1), request(&n.to_string(), n), now);
    }

    let urls = urls(&mut kept, id(1), now).unwrap();

    assert_eq!((urls.len(), &*urls[0]), (MOST_REQUESTS, "1"));
    assert_counted(&kept);
}

#[test]
fn the_endpoint_that_was_not_used_for_the_longest_goes_for_the_hundred_and_first() {
    let (mut kept, begin) = (Kept::default(), Instant::now());
    let at = |seconds: u8| begin + Duration::from_secs(seconds.into());
    for n in 0..100 {
        kept.create(id(n), at(n));
    }
    kept.list(id(0), at(100));

    kept.create(id(100), at(101));

    let there = [0, 1, 2, 100].map(|n| kept.has(id(n), at(102)));
    assert_eq!(there, [true, false, true, true]);
    assert_eq!(kept.endpoints.len(), MOST_ENDPOINTS);
}

#[test]
fn the_oldest_requests_of_all_go_when_there_are_too_many_bytes() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    for n in 0..4 {
        kept.create(id(n), now);
    }
    // 16 MiB are 256 such bodies, less what is beside them.
    for n in 0..300_u32 {
        kept.record(id((n % 4) as u8), request(&n.to_string(), MOST_BODY), now);
    }

    let mut left: Vec<u32> = (0..4)
        .flat_map(|n| urls(&mut kept, id(n), now).unwrap())
        .map(|url| url.parse().unwrap())
        .collect();

    left.sort_unstable();
    assert_eq!(left, (45..300).collect::<Vec<_>>());
    assert!(kept.bytes <= MOST_BYTES, "{}", kept.bytes);
    assert_counted(&kept);
}

#[test]
fn an_endpoint_goes_an_hour_after_its_last_use() {
    let (mut kept, begin) = (Kept::default(), Instant::now());
    let at = |minutes: u64| begin + Duration::from_secs(60 * minutes);
    for n in 0..2 {
        kept.create(id(n), begin);
        kept.record(id(n), request("a", 1), begin);
    }
    assert!(kept.has(id(0), at(59)));

    assert_eq!(urls(&mut kept, id(1), at(60)), None);

    assert_eq!(kept.list(id(0), at(118)).unwrap().len(), 1);
    assert_eq!(urls(&mut kept, id(0), at(178)), None);
    assert_eq!(kept.bytes, 0);
}
