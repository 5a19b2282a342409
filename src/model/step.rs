//! One user at one tile: the bytes that came, and where in them each part stands.
//!
//! A step is never turned into a tree of values: what it holds is sent on and stored as the text
//! that came, so that no number, key or order changes on the way.

use super::json::{self, Place, kind_of};
use super::{IdFault, StepId, TileRef, WebhookId};
use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Deepest nesting of a step, as the wire contract has it.
const MAX_DEPTH: u32 = 64;

/// What a step is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A tile of a journey.
    Tile(TileRef),
    /// A webhook called as a Webhook tile without rate limit or parameters.
    Webhook(WebhookId),
}

/// A step that parsed.
#[derive(Clone)]
pub struct Step {
    pub id: StepId,
    /// Whether the caller made the id: only then is it an idempotency key.
    pub named: bool,
    pub target: Target,
    /// After it no attempt starts.
    pub expires_at: Option<Timestamp>,
    body: Bytes,
    /// Apart: a step is moved many times on its way.
    layout: Arc<Layout>,
}

/// Where in a step's body its parts stand.
#[derive(Debug)]
struct Layout {
    parts: Parts<Range<usize>>,
    fields: FieldPlaces,
}

/// The parts of a step that templates and payloads see.
#[derive(Debug, Clone, Default)]
pub struct Parts<T> {
    /// A string.
    pub email: Option<T>,
    /// A string or a number.
    pub user_id: Option<T>,
    /// A string or a number.
    pub workflow_id: Option<T>,
    /// An object.
    pub profile: Option<T>,
    /// An object.
    pub data_fields: Option<T>,
    /// An object.
    pub live_data: Option<T>,
}

/// Where the members of a step's objects stand in these, if that was noted.
#[derive(Debug, Default)]
struct FieldPlaces {
    profile: Vec<Place>,
    data_fields: Vec<Place>,
}

/// Why some bytes are no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct StepFault {
    /// RFC 6901, into the body; empty for the whole of it.
    pub pointer: &'static str,
    pub detail: String,
}

// === impl Target ===

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tile(tile) => write!(f, "{tile}"),
            Self::Webhook(webhook) => write!(f, "{webhook}"),
        }
    }
}

// === impl Step ===

impl Step {
    /// Reads a step from the JSON text that came over the wire.
    ///
    /// # Errors
    /// A [`StepFault`]: what is wrong, and the JSON pointer of it.
    pub fn parse(body: Bytes) -> Result<Self, StepFault> {
        let text = std::str::from_utf8(&body)
            .map_err(|_| fault("", "the body is not UTF-8 text".into()))?;
        let raw = match Raw::scan(text) {
            Some(raw) => raw,
            None => Raw::read(text)?,
        };
        let target = raw.target()?;
        let (id, named) = raw.id()?;
        let expires_at = raw.expires_at()?;
        let parts = raw.parts(text)?;
        let fields = raw.fields;
        Ok(Self {
            id,
            named,
            target,
            expires_at,
            layout: Arc::new(Layout { parts, fields }),
            body,
        })
    }

    /// A step that comes back: the bytes and the id that it had when it was taken.
    ///
    /// # Errors
    /// A [`StepFault`] where the bytes are not what was taken.
    pub fn restore(id: StepId, named: bool, body: Bytes) -> Result<Self, StepFault> {
        Ok(Self {
            id,
            named,
            ..Self::parse(body)?
        })
    }

    /// The bytes that it was parsed from.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The JSON text of each part.
    pub fn parts(&self) -> Parts<&str> {
        // Of all at once, which is cheaper than of each by itself.
        let text = std::str::from_utf8(&self.body).expect("UTF-8: checked in parse");
        let part = |place: &Option<Range<usize>>| text.get(place.clone()?);
        let parts = &self.layout.parts;
        Parts {
            email: part(&parts.email),
            user_id: part(&parts.user_id),
            workflow_id: part(&parts.workflow_id),
            profile: part(&parts.profile),
            data_fields: part(&parts.data_fields),
            live_data: part(&parts.live_data),
        }
    }

    /// Where the members of `profile` stand in it, if that is known.
    pub fn profile_places(&self) -> &[Place] {
        &self.layout.fields.profile
    }

    /// Where the members of `dataFields` stand in it, if that is known.
    pub fn data_fields_places(&self) -> &[Place] {
        &self.layout.fields.data_fields
    }
}

// A step is a user's data; what may be said of it is its id and where it goes.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} for {}", self.id, self.target)
    }
}

/// The step's own keys as written: JSON text, `null` taken for absent.
#[derive(Default)]
struct Raw<'a> {
    id: Option<&'a str>,
    tile: Option<&'a str>,
    webhook: Option<&'a str>,
    expires_at: Option<&'a str>,
    parts: Parts<&'a str>,
    fields: FieldPlaces,
}

// === impl Raw ===

impl<'a> Raw<'a> {
    /// Reads what is a step beyond doubt.
    fn scan(text: &'a str) -> Option<Self> {
        let mut raw = Self::default();
        json::scan::each_noted(text, MAX_DEPTH - 1, |name, value, places| {
            let Some(place) = raw.place(name) else {
                return;
            };
            *place = (value != "null").then_some(value);
            match name {
                "profile" => raw.fields.profile = places,
                "dataFields" => raw.fields.data_fields = places,
                _ => {}
            }
        })?;
        Some(raw)
    }

    /// Where the value called `name` belongs; none for a name that means nothing.
    fn place(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        Some(match name {
            "id" => &mut self.id,
            "tile" => &mut self.tile,
            "webhook" => &mut self.webhook,
            "expiresAt" => &mut self.expires_at,
            "email" => &mut self.parts.email,
            "userId" => &mut self.parts.user_id,
            "workflowId" => &mut self.parts.workflow_id,
            "profile" => &mut self.parts.profile,
            "dataFields" => &mut self.parts.data_fields,
            "liveData" => &mut self.parts.live_data,
            _ => return None,
        })
    }

    /// Reads any step, and says what is wrong with what is none.
    fn read(text: &'a str) -> Result<Self, StepFault> {
        check_depth(text.as_bytes())?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        if !text.trim_start().starts_with('{') {
            // Whatever else it is, say first whether it is JSON at all.
            serde_json::from_str::<IgnoredAny>(text).map_err(|e| not_json(&e))?;
            return Err(fault("", "a step is a JSON object".into()));
        }
        let raw = deserializer
            .deserialize_map(RawVisitor)
            .map_err(|e| not_json(&e))?;
        deserializer.end().map_err(|e| not_json(&e))?;
        Ok(raw)
    }

    fn target(&self) -> Result<Target, StepFault> {
        match (self.tile, self.webhook) {
            (Some(_), Some(_)) => Err(fault(
                "/webhook",
                "has both `tile` and `webhook`; a step names one of them".into(),
            )),
            (None, None) => Err(fault(
                "/tile",
                "names neither `tile` nor `webhook`; a step names one of them".into(),
            )),
            (Some(tile), None) => TileRef::new(&string("/tile", tile)?)
                .map(Target::Tile)
                .map_err(|e| bad_id("/tile", e)),
            (None, Some(webhook)) => WebhookId::new(&string("/webhook", webhook)?)
                .map(Target::Webhook)
                .map_err(|e| bad_id("/webhook", e)),
        }
    }

    fn id(&self) -> Result<(StepId, bool), StepFault> {
        let Some(id) = self.id else {
            return Ok((StepId::fresh(), false));
        };
        let id = StepId::new(&string("/id", id)?).map_err(|e| bad_id("/id", e))?;
        Ok((id, true))
    }

    fn expires_at(&self) -> Result<Option<Timestamp>, StepFault> {
        let Some(text) = self.expires_at else {
            return Ok(None);
        };
        let text = string("/expiresAt", text)?;
        text.parse().map(Some).map_err(|_| {
            fault(
                "/expiresAt",
                "is no RFC 3339 time such as \"2026-11-23T10:00:00Z\"".into(),
            )
        })
    }

    fn parts(&self, text: &str) -> Result<Parts<Range<usize>>, StepFault> {
        let span = |part: &str| {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            start..start + part.len()
        };
        let part = |pointer, part: Option<&str>, first: &[u8], kind: &str| match part {
            Some(json) if !first.contains(&json.as_bytes()[0]) => Err(fault(
                pointer,
                format!("is {}, and must be {kind}", kind_of(json)),
            )),
            part => Ok(part.map(span)),
        };
        let (text, id, object) = (
            (&b"\""[..], "a string"),
            (&b"\"-0123456789"[..], "a string or a number"),
            (&b"{"[..], "an object"),
        );
        let parts = &self.parts;
        Ok(Parts {
            email: part("/email", parts.email, text.0, text.1)?,
            user_id: part("/userId", parts.user_id, id.0, id.1)?,
            workflow_id: part("/workflowId", parts.workflow_id, id.0, id.1)?,
            profile: part("/profile", parts.profile, object.0, object.1)?,
            data_fields: part("/dataFields", parts.data_fields, object.0, object.1)?,
            live_data: part("/liveData", parts.live_data, object.0, object.1)?,
        })
    }
}

/// Reads the step's own keys and passes over the others. A key that comes twice: the last counts.
struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let mut raw = Raw::default();
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let Some(place) = raw.place(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?.get();
            *place = (value != "null").then_some(value);
        }
        Ok(raw)
    }
}

fn fault(pointer: &'static str, detail: String) -> StepFault {
    StepFault { pointer, detail }
}

fn bad_id(pointer: &'static str, id: IdFault) -> StepFault {
    fault(pointer, id.to_string())
}

// serde_json's message names a place and an expectation, never the text around it.
fn not_json(error: &serde_json::Error) -> StepFault {
    fault("", format!("the body is no JSON: {error}"))
}

fn string(pointer: &'static str, json: &str) -> Result<String, StepFault> {
    serde_json::from_str(json).map_err(|_| {
        fault(
            pointer,
            format!("is {}, and must be a string", kind_of(json)),
        )
    })
}

/// Refuses nesting over [`MAX_DEPTH`] before anything walks it.
fn check_depth(body: &[u8]) -> Result<(), StepFault> {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(fault("", format!("is nested over {MAX_DEPTH} deep")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
