//! `journeys/<id>.toml`.

use super::field::Field;
use super::place::Place as FilePlace;
use super::table::Table;
use super::units;
use crate::config::{Journey, LiveDataFailure, Tile, TileType};
use crate::model::{JourneyId, WebhookId};
use crate::template::{Place, Template};
use std::collections::HashMap;
use std::sync::Arc;
use toml::de::DeValue;

/// A journey, and where its tiles name their webhooks.
#[derive(Debug)]
pub(in crate::config) struct ReadJourney {
    pub(in crate::config) journey: Arc<Journey>,
    /// In the order of the file; of a journey with faults, those that could be read.
    pub(in crate::config) calls: Vec<Call>,
}

/// A tile's `webhook`, to be judged against the webhook that it names.
#[derive(Debug)]
pub(in crate::config) struct Call {
    /// Which of the journey's tiles, from 0.
    pub(in crate::config) index: usize,
    pub(in crate::config) tile: Arc<Tile>,
    pub(in crate::config) place: FilePlace,
}

/// Which kind of tile, before its other keys are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Webhook,
    LiveData,
    UserProfile,
}

const KINDS: [(&str, Kind); 3] = [
    ("webhook", Kind::Webhook),
    ("live_data", Kind::LiveData),
    ("user_profile", Kind::UserProfile),
];

/// Reads the whole file. A key with a fault counts as empty, so that the tiles are read all the
/// same: what is wrong with them is said too.
pub(in crate::config) fn read(id: &JourneyId, root: &Table<'_>) -> Option<ReadJourney> {
    let workflow_id = root.need("workflow_id", "a whole number or a string", workflow_id);
    let name = root.need("name", "a name", Field::name);
    let published = root.get("published", Field::boolean).unwrap_or(false);
    let mut seen = HashMap::new();
    let mut calls = Vec::new();
    if let Some(field) = root.field("tiles") {
        let mut index = 0;
        field.list(|item| {
            calls.extend(item.table(|table| tile(index, table, &mut seen)));
            index += 1;
            Some(())
        });
    }
    let by_id = |call: &Call| (call.tile.id.clone(), call.tile.clone());
    Some(ReadJourney {
        journey: Arc::new(Journey {
            id: id.clone(),
            workflow_id: workflow_id.unwrap_or_default().into(),
            name: name.unwrap_or_default().to_owned(),
            published,
            tiles: calls.iter().map(by_id).collect(),
        }),
        calls,
    })
}

/// As the JSON text that payloads get.
fn workflow_id(field: Field<'_>) -> Option<String> {
    match field.value() {
        DeValue::String(text) => {
            field.clone().name()?;
            serde_json::to_string(text).ok()
        }
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Some(number.to_string()),
            Err(_) => field.refuse("found a number over 64 bits; expected it as a string"),
        },
        other => field.mismatch(other, "a whole number or a string"),
    }
}

fn tile(index: usize, table: &Table<'_>, seen: &mut HashMap<String, usize>) -> Option<Call> {
    let id = table.need("id", "the tile's id", |field| tile_id(field, seen));
    let kind = table.need(
        "type",
        "\"webhook\", \"live_data\" or \"user_profile\"",
        |field| field.choice(&KINDS),
    );
    let webhook = table.need("webhook", "the id of a webhook", |field| {
        let place = field.place();
        let id = field.parsed("the id of a webhook, [a-z0-9][a-z0-9_-]{0,63}", |text| {
            WebhookId::new(text).ok()
        })?;
        Some((id, place))
    });
    let rate_limit = table.get("rate_limit", |field| field.parsed(units::RATE, units::rate));
    let on_failure = table.get("on_failure", |field| on_failure(field, kind));
    let parameters = table.get("parameters", |field| field.table(|t| Some(parameters(t))));
    let (webhook, place) = webhook?;
    let tile_type = match kind? {
        Kind::Webhook => TileType::Webhook,
        Kind::LiveData => TileType::LiveData {
            on_failure: on_failure.unwrap_or(LiveDataFailure::Exit),
        },
        Kind::UserProfile => TileType::UserProfile,
    };
    let tile = Arc::new(Tile {
        id: id?,
        tile_type,
        webhook,
        rate_limit,
        parameters: parameters.unwrap_or_default(),
    });
    Some(Call { index, tile, place })
}

fn tile_id(field: Field<'_>, seen: &mut HashMap<String, usize>) -> Option<String> {
    // A tile's id has the shape of a journey's: both stand in `<journey id>/<tile id>`.
    let id = field
        .clone()
        .parsed("[a-z0-9][a-z0-9_-]{0,63}", |text| JourneyId::new(text).ok())?;
    let line = field.place().line;
    if let Some(first) = seen.insert(id.as_str().to_owned(), line) {
        return field.refuse(format!(
            "found \"{id}\", the id of the tile at line {first}; expected another"
        ));
    }
    Some(id.as_str().to_owned())
}

fn on_failure(field: Field<'_>, kind: Option<Kind>) -> Option<LiveDataFailure> {
    let failure = field.clone().choice(&[
        ("exit", LiveDataFailure::Exit),
        ("branch", LiveDataFailure::Branch),
    ])?;
    match kind {
        Some(Kind::Webhook | Kind::UserProfile) => {
            field.refuse("only a tile of type \"live_data\" has it; expected no such key")
        }
        Some(Kind::LiveData) | None => Some(failure),
    }
}

fn parameters(table: &Table<'_>) -> Vec<(String, Template)> {
    let parameter = |(name, field): (&str, Field<'_>)| {
        if name.is_empty() {
            return field.refuse("found no name; expected the name of a query parameter");
        }
        let value = field.template(Place::FormValue)?;
        Some((name.to_owned(), value))
    };
    table.entries().into_iter().filter_map(parameter).collect()
}
