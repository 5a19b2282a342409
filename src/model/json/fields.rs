//! The members of an object, read once and found by name often.

use super::walk;
use std::borrow::Cow;
use std::ops::Range;

/// Members past which names are sorted: below it a walk is cheaper.
const SORTED_FROM: usize = 24;

/// The members of an object of a step, in order, with the escapes of their names undone.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
    /// Places in `members` by name, of equal names in order; of many members only.
    sorted: Vec<usize>,
}

/// Where a member stands in the text of its object: its name, which has no escapes, without the
/// quotes, and its value.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

// === impl Fields ===

impl<'a> Fields<'a> {
    /// Of `text`, which is known to be an object.
    pub fn of(text: &'a str) -> Self {
        let mut members = Vec::with_capacity(16);
        members.extend(walk::known_members(text).map(|member| (member.key(), member.value)));
        Self::sorted(members)
    }

    /// As [`of`](Self::of), of an object whose members were noted when it was checked; nothing is
    /// noted of an unusual one.
    pub fn at(text: &'a str, places: &[Place]) -> Self {
        if places.is_empty() {
            return Self::of(text);
        }
        let part = |place: &Range<usize>| text.get(place.clone()).unwrap_or_default();
        let member = |place: &Place| (Cow::Borrowed(part(&place.name)), part(&place.value));
        Self::sorted(places.iter().map(member).collect())
    }

    fn sorted(members: Vec<(Cow<'a, str>, &'a str)>) -> Self {
        let mut sorted = Vec::new();
        if members.len() >= SORTED_FROM {
            sorted.extend(0..members.len());
            // Stable: of equal names the last stays last.
            sorted.sort_by(|one, two| members[*one].0.cmp(&members[*two].0));
        }
        Self { members, sorted }
    }

    /// The text of the value called `name`; of one that comes twice, the last.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        if self.sorted.is_empty() {
            let found = self.members.iter().rev().find(|(known, _)| known == name);
            return found.map(|(_, value)| *value);
        }
        let is_before = |place: &usize| self.members[*place].0.as_ref() <= name;
        let after = self.sorted.partition_point(is_before);
        let (known, value) = &self.members[self.sorted[after.checked_sub(1)?]];
        (known == name).then_some(*value)
    }

    /// How many there are, a name that comes twice twice.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Names and the text of their values, a name that comes twice twice.
    pub fn iter(&self) -> impl Iterator<Item = &(Cow<'a, str>, &'a str)> {
        self.members.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_name_among_few_and_among_many() {
        for count in [0, 3, SORTED_FROM, 100] {
            let many: String = (0..count).map(|n| format!("\"k{n}\":{n},")).collect();
            let text = format!("{{{many}\"caf\\u00e9\":1,\"x\":2, \"x\" : [3] }}");
            let fields = Fields::of(&text);

            assert_eq!(fields.iter().count(), count + 3);
            assert_eq!(fields.get("café"), Some("1"), "of {count}");
            assert_eq!(fields.get("x"), Some("[3]"), "of {count}");
            assert_eq!(fields.get("k"), None, "of {count}");
            if count > 0 {
                assert_eq!(fields.get("k0"), Some("0"), "of {count}");
            }
        }
    }
}
