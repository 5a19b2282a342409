//! What a template sees at the top: the six names, then fields of the trigger, then fields of the profile.

use crate::model::json::decode;
use std::borrow::Cow;
use std::cell::OnceCell;

use super::Context;
use super::json;
use super::value::Value;

/// Members past which an object is sorted: below it a walk is cheaper.
const SORTED_FROM: usize = 24;

/// An object of the step. Many members are in an order that is quick to search.
#[derive(Debug)]
pub(super) struct Index<'a>(Vec<(Cow<'a, str>, &'a str)>);

/// The top of a step's data. Fields are indexed when one is first asked for.
#[derive(Debug)]
pub(super) struct Root<'a> {
    context: Context<'a>,
    data_fields: OnceCell<Index<'a>>,
    profile: OnceCell<Index<'a>>,
}

// === impl Index ===

impl<'a> Index<'a> {
    pub(super) fn of(object: &'a str) -> Self {
        let mut members = Vec::with_capacity(16);
        members.extend(json::members(object).map(|(key, value)| (decode(key), value)));
        if members.len() >= SORTED_FROM {
            // Stable: of equal keys the last stays last.
            members.sort_by(|(one, _), (two, _)| one.cmp(two));
        }
        Self(members)
    }

    /// The last member called `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        if self.0.len() < SORTED_FROM {
            let found = self.0.iter().rev().find(|(name, _)| name == key);
            return found.map(|(_, value)| *value);
        }
        let after = self.0.partition_point(|(name, _)| name.as_ref() <= key);
        let (name, value) = self.0.get(after.checked_sub(1)?)?;
        (name == key).then_some(*value)
    }
}

// === impl Root ===

impl<'a> Root<'a> {
    pub(super) fn new(context: &Context<'a>) -> Self {
        Self {
            context: *context,
            data_fields: OnceCell::new(),
            profile: OnceCell::new(),
        }
    }

    /// The value called `name`; a name of the step's own that the step lacks leaves the way to a field so called.
    pub(super) fn get(&self, name: &str) -> Value<'a> {
        let own = self
            .own()
            .into_iter()
            .find(|(own, _)| *own == name)
            .and_then(|(_, value)| value);
        let field = || {
            let fields = self
                .data_fields
                .get_or_init(|| Index::of(self.context.data_fields.unwrap_or("")));
            let profile = || {
                self.profile
                    .get_or_init(|| Index::of(self.context.profile.unwrap_or("")))
            };
            fields.get(name).or_else(|| profile().get(name))
        };
        own.or_else(field).map_or(Value::Missing, Value::of_json)
    }

    /// Everything, each name once: profile, trigger, the six names.
    pub(super) fn members(&self) -> Vec<(Cow<'a, str>, &'a str)> {
        let fields = |object: Option<&'a str>| json::members(object.unwrap_or(""));
        let fields = fields(self.context.profile).chain(fields(self.context.data_fields));
        let own = self
            .own()
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        once_each(fields.chain(own))
    }

    /// Everything as one JSON object.
    pub(super) fn to_json(&self) -> String {
        let mut out = String::from("{");
        for (name, value) in self.members() {
            if out.len() > 1 {
                out.push(',');
            }
            json::quote_into(&mut out, &name);
            out.push(':');
            json::compact_into(&mut out, value);
        }
        out.push('}');
        out
    }

    fn own(&self) -> [(&'static str, Option<&'a str>); 6] {
        let Context {
            profile,
            data_fields,
            live_data,
            email,
            user_id,
            workflow_id,
        } = self.context;
        [
            ("email", email),
            ("userId", user_id),
            ("workflowId", workflow_id),
            ("profile", profile),
            ("dataFields", data_fields),
            ("liveData", live_data),
        ]
    }
}

/// Members with each key once: at its first place, with its last value.
pub(super) fn once_each<'a>(
    members: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<(Cow<'a, str>, &'a str)> {
    let mut places = std::collections::HashMap::new();
    let mut once: Vec<(Cow<'a, str>, &'a str)> = Vec::new();
    for (key, value) in members {
        let key = decode(key);
        let place = *places.entry(key.clone()).or_insert(once.len());
        match once.get_mut(place) {
            Some(member) => member.1 = value,
            None => once.push((key, value)),
        }
    }
    once
}
