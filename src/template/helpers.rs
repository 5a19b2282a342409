//! The helpers: what each is called, what it takes, and where it may stand. One file for each family says what it does.
//!
//! Rule: a helper looks at its arguments through [`Arguments`], which names helper and argument in every error and never a value,
//! and makes text no longer than the output may be.

use regex::{Regex, RegexBuilder};

use super::RenderError;
use super::bounds::Bounds;
use super::value::Value;

mod arguments;
mod date_format;
mod decimal_format;
mod encode;
mod format;
mod list;
mod logic;
mod number;
mod text;
mod time;

pub(super) use arguments::Arguments;
pub(super) use logic::compare_text;

/// Bytes of program that a regular expression in a template may take.
pub(super) const LITERAL_PATTERN_BYTES: usize = 1024 * 1024;

/// Bytes of program that a regular expression made while rendering may take.
const MADE_PATTERN_BYTES: usize = 128 * 1024;

/// A helper.
#[derive(Debug)]
pub(super) struct Helper {
    pub(super) name: &'static str,
    /// Names of its arguments; the last repeats where `repeats`.
    pub(super) arguments: &'static [&'static str],
    required: usize,
    repeats: bool,
    pub(super) named: &'static [&'static str],
    pub(super) kind: Kind,
    /// May stand as a value or in a sub-expression.
    pub(super) inline: bool,
    /// Renders empty without its first argument.
    pub(super) first_needed: bool,
    /// Makes nothing that needs encoding in a URL.
    pub(super) url_safe: bool,
    /// Its second argument is a regular expression.
    pub(super) second_is_pattern: bool,
}

type Run<T> = for<'r, 'a> fn(&mut Arguments<'r, 'a>) -> Result<T, RenderError>;

/// What a helper is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Arguments to value.
    Value(for<'r, 'a> fn(&mut Arguments<'r, 'a>) -> Result<Value<'a>, RenderError>),
    /// Arguments to truth; a block too.
    Test(Run<bool>),
    /// Text to text; as a block its body is the text.
    Transform(fn(&str, &mut Bounds) -> Result<String, RenderError>),
    /// `lookup`, which is a path whose last name is computed.
    Lookup,
    /// A block only.
    Control(Control),
}

/// What a control block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    If,
    Unless,
    Each,
    With,
    /// `{{#name}}` of no helper.
    Section,
    /// Of a test.
    Test,
    Least,
    Greatest,
}

/// `{{#name}}` of no helper.
pub(super) static SECTION: Helper = Helper::block("{{#…}}", &["value"], Control::Section);

/// Every helper there is, families together.
pub(super) static HELPERS: &[Helper] = &[
    Helper::block("if", &["value"], Control::If).named(&["includeZero"]),
    Helper::block("unless", &["value"], Control::Unless).named(&["includeZero"]),
    Helper::block("each", &["list"], Control::Each),
    Helper::block("with", &["value"], Control::With),
    Helper::of("lookup", &["object", "key"], Kind::Lookup),
    Helper::block("minInList", &["list", "field"], Control::Least).optional(1),
    Helper::block("maxInList", &["list", "field"], Control::Greatest).optional(1),
    Helper::transform("urlEncode", encode::url_encode).url_safe(),
    Helper::transform("base64", encode::base64),
    Helper::transform("md5", encode::md5).url_safe(),
    Helper::transform("sha1", encode::sha1).url_safe(),
    Helper::transform("sha256", encode::sha256).url_safe(),
    Helper::transform("breaklines", text::breaklines),
    Helper::value("hmacSHA1", &["value", "key"], encode::hmac_sha1).url_safe(),
    Helper::value("hmacSHA256", &["value", "key"], encode::hmac_sha256).url_safe(),
    Helper::value("toJson", &["value"], encode::to_json).takes_missing(),
    Helper::value("toUrlEncodedJson", &["value"], encode::to_url_encoded_json).url_safe(),
    Helper::value("capitalize", &["value"], text::capitalize).named(&["fully"]),
    Helper::value("capitalizeFirst", &["value"], text::capitalize_first),
    Helper::value("upper", &["value"], text::upper),
    Helper::value("lower", &["value"], text::lower),
    Helper::value("cut", &["value", "text"], text::cut).optional(1),
    Helper::value("replace", &["value", "text", "by"], text::replace),
    Helper::value("substring", &["value", "start", "end"], text::substring).optional(1),
    Helper::value("abbreviate", &["value", "length"], text::abbreviate),
    Helper::value("slugify", &["value"], text::slugify).url_safe(),
    Helper::value("center", &["value"], text::center).named(&["size", "pad"]),
    Helper::value("ljust", &["value"], text::ljust).named(&["size", "pad"]),
    Helper::value("rjust", &["value"], text::rjust).named(&["size", "pad"]),
    Helper::value("stripTags", &["value"], text::strip_tags),
    Helper::value("join", &["list", "separator"], list::join)
        .repeating(1)
        .named(&["prefix", "suffix"]),
    Helper::value("length", &["value"], list::length)
        .takes_missing()
        .url_safe(),
    Helper::value(
        "defaultIfEmpty",
        &["value", "default"],
        logic::default_if_empty,
    )
    .takes_missing(),
    Helper::value("yesno", &["value"], logic::yesno)
        .takes_missing()
        .named(&["yes", "no", "maybe"]),
    Helper::value("math", &["a", "operator", "b"], number::math).url_safe(),
    Helper::value("numberFormat", &["number", "format"], number::number_format)
        .optional(1)
        .named(number::OPTIONS),
    Helper::value("stringFormat", &["format", "values"], format::string_format).repeating(1),
    Helper::value("now", &["format"], time::now)
        .optional(1)
        .named(&["tz"]),
    Helper::value("dateFormat", &["time", "format"], time::date_format)
        .optional(1)
        .named(&["tz", "time"]),
    Helper::value("dateMath", &["time", "offset"], time::date_math).named(&["format", "tz"]),
    Helper::test("eq", &["a", "b"], logic::equal),
    Helper::test("gt", &["a", "b"], logic::greater),
    Helper::test("gte", &["a", "b"], logic::greater_or_equal),
    Helper::test("lt", &["a", "b"], logic::less),
    Helper::test("lte", &["a", "b"], logic::less_or_equal),
    Helper::test("and", &["values"], logic::and).repeating(1),
    Helper::test("or", &["values"], logic::or).repeating(1),
    Helper::test("not", &["values"], logic::not).repeating(1),
    Helper::test("ifEq", &["a", "b"], logic::equal).block_only(),
    Helper::test("ifGt", &["a", "b"], logic::greater).block_only(),
    Helper::test("ifGte", &["a", "b"], logic::greater_or_equal).block_only(),
    Helper::test("ifLt", &["a", "b"], logic::less).block_only(),
    Helper::test("ifLte", &["a", "b"], logic::less_or_equal).block_only(),
    Helper::test("ifModEq", &["a", "divisor", "remainder"], logic::mod_equal).block_only(),
    Helper::test("ifContainsStr", &["value", "text"], logic::contains).block_only(),
    Helper::test("ifMatchesRegexStr", &["value", "pattern"], logic::matches)
        .block_only()
        .with_pattern(),
];

/// The helper called `name`.
pub(super) fn find(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

/// A regular expression whose program takes at most so many bytes.
pub(super) fn pattern(source: &str, most_bytes: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .size_limit(most_bytes)
        .dfa_size_limit(most_bytes)
        .build()
}

// === impl Helper ===

impl Helper {
    const fn of(name: &'static str, arguments: &'static [&'static str], kind: Kind) -> Self {
        Self {
            name,
            arguments,
            required: arguments.len(),
            repeats: false,
            named: &[],
            kind,
            inline: true,
            first_needed: true,
            url_safe: false,
            second_is_pattern: false,
        }
    }

    const fn value(
        name: &'static str,
        arguments: &'static [&'static str],
        run: for<'r, 'a> fn(&mut Arguments<'r, 'a>) -> Result<Value<'a>, RenderError>,
    ) -> Self {
        Self::of(name, arguments, Kind::Value(run))
    }

    const fn test(name: &'static str, arguments: &'static [&'static str], run: Run<bool>) -> Self {
        Self::of(name, arguments, Kind::Test(run))
            .takes_missing()
            .url_safe()
    }

    const fn transform(
        name: &'static str,
        run: fn(&str, &mut Bounds) -> Result<String, RenderError>,
    ) -> Self {
        Self::of(name, &["value"], Kind::Transform(run))
    }

    const fn block(
        name: &'static str,
        arguments: &'static [&'static str],
        control: Control,
    ) -> Self {
        Self::of(name, arguments, Kind::Control(control)).block_only()
    }

    const fn named(mut self, named: &'static [&'static str]) -> Self {
        self.named = named;
        self
    }

    /// So many of the last arguments may be left out.
    const fn optional(mut self, count: usize) -> Self {
        self.required = self.arguments.len() - count;
        self
    }

    /// The last argument repeats; so many arguments are needed in all.
    const fn repeating(mut self, required: usize) -> Self {
        self.repeats = true;
        self.required = required;
        self
    }

    const fn takes_missing(mut self) -> Self {
        self.first_needed = false;
        self
    }

    const fn url_safe(mut self) -> Self {
        self.url_safe = true;
        self
    }

    const fn block_only(mut self) -> Self {
        self.inline = false;
        self
    }

    const fn with_pattern(mut self) -> Self {
        self.second_is_pattern = true;
        self
    }

    pub(super) fn has_block_form(&self) -> bool {
        match self.kind {
            Kind::Control(_) | Kind::Test(_) | Kind::Transform(_) => true,
            Kind::Value(_) | Kind::Lookup => false,
        }
    }

    /// What is wrong with `count` arguments.
    pub(super) fn refuses_count(&self, count: usize) -> Option<String> {
        let enough = count >= self.required && (self.repeats || count <= self.arguments.len());
        if enough {
            return None;
        }
        let mut accepted: Vec<String> = self
            .arguments
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        for optional in &mut accepted[self.required..] {
            optional.push_str(" (optional)");
        }
        let repeats = if self.repeats { "…" } else { "" };
        let (name, accepted) = (self.name, accepted.join(", "));
        if count == 0 && self.inline {
            return Some(format!(
                "`{name}` is a helper and takes {accepted}{repeats}; for a field called `{name}` write `{{{{this.{name}}}}}`"
            ));
        }
        Some(format!(
            "`{name}` takes {accepted}{repeats}; found {count} arguments"
        ))
    }

    /// What is wrong with a named argument that it does not have.
    pub(super) fn refuses_name(&self, written: &str) -> String {
        if self.named.is_empty() {
            return format!(
                "`{}` has no argument `{written}=`; accepted are no named arguments",
                self.name
            );
        }
        let accepted: Vec<String> = self.named.iter().map(|name| format!("`{name}=`")).collect();
        format!(
            "`{}` has no argument `{written}=`; accepted are {}",
            self.name,
            accepted.join(", ")
        )
    }
}

// === impl Control ===

impl Control {
    /// Whether the body can render more than once.
    pub(super) fn repeats(self) -> bool {
        match self {
            Self::Each | Self::Section => true,
            Self::If | Self::Unless | Self::With | Self::Test | Self::Least | Self::Greatest => {
                false
            }
        }
    }
}
