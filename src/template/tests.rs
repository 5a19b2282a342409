//! What templates promise: helpers one by one, places, faults, bounds.

use super::*;
use jiff::Timestamp;

mod faults;
mod helpers;
mod hostile;
mod places;
mod reference;

const LIMITS: RenderLimits = RenderLimits {
    output_bytes: 1 << 20,
};

/// 2012-06-19T13:05:09.123Z
const NOW_MS: i64 = 1_340_111_109_123;

/// What `template` renders of `data`, a value being text; the error's text where it does not.
fn rendered(template: &str, place: Place, data: &str) -> Result<String, String> {
    let template = Template::parse(template, place)
        .map_err(|faults| format!("{}: {}", faults[0].offset, faults[0].message))?;
    let context = Context {
        data_fields: Some(data),
        email: Some("\"ada@example.com\""),
        ..Context::default()
    };
    let now = Timestamp::from_millisecond(NOW_MS).unwrap();
    template
        .render(&Data::at(context, now), LIMITS)
        .map_err(|error| error.message)
}
