//! Who is signed in to the console: a cookie that stands for a token, so that no page ever holds one.

use crate::admin::chance;
use crate::model::Secret;
use http::{HeaderMap, header};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of chance in what opens this door.
const CHANCE: usize = 32;

/// How long a session lasts that is not used.
const IDLE: Duration = Duration::from_secs(12 * 60 * 60);

/// Most sessions at a time; past it the one unused for longest ends.
const MOST: usize = 1000;

const NAME: &str = "stepgate_session";

/// The cookie of nobody.
pub(super) const GONE: &str = "stepgate_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";

/// The sessions, by what their cookies say.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

#[derive(Debug)]
struct Session {
    token: Secret,
    used: Instant,
}

// === impl Sessions ===

impl Sessions {
    /// Begins one for whoever has `token`: its cookie.
    pub(super) fn begin(&self, token: Secret) -> String {
        let now = Instant::now();
        let mut sessions = self.0.lock();
        sessions.retain(|_, session| now.saturating_duration_since(session.used) < IDLE);
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                sessions.remove(&oldest);
            }
        }
        let id = chance().expect("the kernel's random numbers are there since it booted");
        sessions.insert(id.clone(), Session { token, used: now });
        let seconds = IDLE.as_secs();
        format!("{NAME}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}")
    }

    /// The token that the session of these headers stands for.
    pub(super) fn token(&self, headers: &HeaderMap) -> Option<Secret> {
        let now = Instant::now();
        let mut sessions = self.0.lock();
        let session = sessions.get_mut(cookie(headers)?)?;
        if now.saturating_duration_since(session.used) >= IDLE {
            return None;
        }
        session.used = now;
        Some(session.token.clone())
    }

    /// Ends the session of these headers, if there is one.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(id) = cookie(headers) {
            self.0.lock().remove(id);
        }
    }
}

/// The value of this door's cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == NAME)
        .map(|(_, value)| value)
}

/// What nobody can guess, in hexadecimal.
pub(super) fn chance() -> io::Result<String> {
    let bytes = chance::bytes::<CHANCE>()?;
    let mut text = String::with_capacity(2 * CHANCE);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_lasts_while_it_is_used_and_until_it_is_ended() {
        let sessions = Sessions::default();
        let cookie = sessions.begin(Secret::new("t"));
        let pair = cookie.split(';').next().unwrap();
        let sent = headers(&format!("other=1; {pair}"));

        for _ in 0..3 {
            tokio::time::advance(IDLE - Duration::from_secs(1)).await;
            assert_eq!(sessions.token(&sent), Some(Secret::new("t")));
        }
        tokio::time::advance(IDLE).await;
        assert_eq!(sessions.token(&sent), None);

        let cookie = sessions.begin(Secret::new("t"));
        let sent = headers(cookie.split(';').next().unwrap());
        sessions.end(&sent);
        assert_eq!(sessions.token(&sent), None);
    }

    #[test]
    fn past_the_most_the_one_unused_for_longest_ends() {
        let sessions = Sessions::default();
        let first = sessions.begin(Secret::new("first"));
        for _ in 0..MOST {
            sessions.begin(Secret::new("more"));
        }
        assert_eq!(
            sessions.token(&headers(first.split(';').next().unwrap())),
            None
        );
        assert_eq!(sessions.0.lock().len(), MOST);
    }
}
