//! What a template sees at the top: the six names, then fields of the trigger, then fields of the profile.

use crate::model::Step;
use crate::model::json::{Fields, Place, decode};
use jiff::Timestamp;
use std::borrow::Cow;
use std::cell::OnceCell;

use super::Context;
use super::json;
use super::value::Value;

/// What templates see of one step. Its fields are read when one is first asked for, once for all of
/// the step's templates.
#[derive(Debug)]
pub struct Data<'a> {
    context: Context<'a>,
    /// Where the members of the two objects stand in them, if that is known.
    data_fields_places: &'a [Place],
    profile_places: &'a [Place],
    data_fields: OnceCell<Fields<'a>>,
    profile: OnceCell<Fields<'a>>,
    now: OnceCell<Timestamp>,
}

// === impl Data ===

impl<'a> Data<'a> {
    /// The data of a step, at the moment when a template first asks for the time.
    pub fn new(context: Context<'a>) -> Self {
        Self {
            context,
            data_fields_places: &[],
            profile_places: &[],
            data_fields: OnceCell::new(),
            profile: OnceCell::new(),
            now: OnceCell::new(),
        }
    }

    /// The data of `step`, whose workflow is this one if it does not say so itself.
    pub fn of(step: &'a Step, workflow_id: Option<&'a str>) -> Self {
        let parts = step.parts();
        Self {
            data_fields_places: step.data_fields_places(),
            profile_places: step.profile_places(),
            ..Self::new(Context {
                profile: parts.profile,
                data_fields: parts.data_fields,
                live_data: parts.live_data,
                email: parts.email,
                user_id: parts.user_id,
                workflow_id: parts.workflow_id.or(workflow_id),
            })
        }
    }

    /// The data of a step, at this moment.
    pub fn at(context: Context<'a>, now: Timestamp) -> Self {
        Self {
            now: now.into(),
            ..Self::new(context)
        }
    }

    /// The step's own values.
    pub fn context(&self) -> &Context<'a> {
        &self.context
    }

    /// The trigger's fields.
    pub fn data_fields(&self) -> &Fields<'a> {
        self.data_fields.get_or_init(|| {
            Fields::at(
                self.context.data_fields.unwrap_or_default(),
                self.data_fields_places,
            )
        })
    }

    /// The profile's fields.
    pub fn profile(&self) -> &Fields<'a> {
        self.profile.get_or_init(|| {
            Fields::at(
                self.context.profile.unwrap_or_default(),
                self.profile_places,
            )
        })
    }

    /// What `{{now}}` and `dateMath "now"` say: the same in all of the step's templates.
    pub(super) fn now(&self) -> Timestamp {
        *self.now.get_or_init(Timestamp::now)
    }

    /// The value called `name`; a name of the step's own that the step lacks leaves the way to a field so called.
    pub(super) fn get(&self, name: &str) -> Value<'a> {
        let own = self
            .own()
            .into_iter()
            .find(|(own, _)| *own == name)
            .and_then(|(_, value)| value);
        let field = || {
            let found = self.data_fields().get(name);
            found.or_else(|| self.profile().get(name))
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
