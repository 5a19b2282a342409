//! The parts of a step's path timed each by itself: parse, merge, render, judgement.
//!
//! `make micro`. Times are of this machine at this moment, good for comparing two versions of one
//! part, by the fastest: whether a change costs anything at all is for `benches/instructions` to
//! say, which counts.

use divan::counter::BytesCount;
use divan::{Bencher, Divan, black_box};
use std::time::Duration;

#[path = "instructions/samples.rs"]
mod samples;

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long each is timed at least: of a hundred rounds alone the first ones would be too many.
const LEAST_TIME: Duration = Duration::from_millis(300);

fn main() {
    Divan::default()
        .min_time(LEAST_TIME)
        .config_with_args()
        .main();
}

/// A step's bytes become a step.
mod parse {
    use super::{Bencher, BytesCount, black_box, samples};
    use bytes::Bytes;
    use stepgate::model::Step;

    const TARGET: &str = r#""webhook":"literal""#;

    /// 0.2 KB: less than the other samples have.
    const SMALL: &[u8] = br#"{"id":"step-1","webhook":"literal","email":"test.user@example.com","userId":"u1234567","profile":{"firstName":"Test","city":"San Francisco"},"dataFields":{"promotionId":123,"color":"red","x":"y"}}"#;

    #[divan::bench]
    fn of_200_bytes(bencher: Bencher<'_, '_>) {
        parse(bencher, Bytes::from_static(SMALL));
    }

    #[divan::bench]
    fn of_500_bytes(bencher: Bencher<'_, '_>) {
        parse(bencher, samples::step(TARGET, 0));
    }

    #[divan::bench]
    fn of_8_kb(bencher: Bencher<'_, '_>) {
        parse(bencher, samples::step(TARGET, 150));
    }

    #[divan::bench]
    fn of_64_kb(bencher: Bencher<'_, '_>) {
        parse(bencher, samples::step(TARGET, 1270));
    }

    fn parse(bencher: Bencher<'_, '_>, body: Bytes) {
        bencher
            .counter(BytesCount::new(body.len()))
            .bench_local(|| Step::parse(black_box(body.clone())).expect("a step"));
    }
}

/// A step's fields become a payload. Planned with webhooks that have next to nothing to render, so
/// that reading and merging the fields is nearly all there is.
mod merge {
    use super::{Bencher, black_box, samples};
    use stepgate::model::Step;
    use stepgate::plan::{self, Secrets};

    #[divan::bench(args = [0, 100, 1000])]
    fn json_of_11_fields_and(bencher: Bencher<'_, '_>, more: usize) {
        merge(bencher, r#""webhook":"literal""#, more);
    }

    #[divan::bench(args = [0, 100, 1000])]
    fn form_of_11_fields_and(bencher: Bencher<'_, '_>, more: usize) {
        merge(bencher, r#""webhook":"form""#, more);
    }

    fn merge(bencher: Bencher<'_, '_>, target: &str, more: usize) {
        let snapshot = samples::snapshot().expect("the samples are valid");
        let step = Step::parse(samples::step(target, more)).expect("the samples are valid");
        let found = snapshot.find(&step.target).expect("a sample's webhook");
        let gateway = &*snapshot.gateway;
        bencher
            .bench_local(|| plan::compose(&found, gateway, black_box(&step), None, Secrets::Plain));
    }
}

/// A template and a step become text. The step's fields are read anew each time, as for each step.
mod render {
    use super::{Bencher, black_box, samples};
    use stepgate::model::Step;
    use stepgate::template::{Data, Place, RenderLimits, Template};

    const LIMITS: RenderLimits = RenderLimits {
        output_bytes: 1 << 20,
    };

    #[divan::bench]
    fn literal(bencher: Bencher<'_, '_>) {
        render(bencher, r#"{"campaignName": "Spring Launch 2026"}"#);
    }

    #[divan::bench]
    fn paths(bencher: Bencher<'_, '_>) {
        render(
            bencher,
            r#"{"name": "{{firstName}} {{profile.lastName}}", "city": "{{city}}", "promotion": {{promotionId}}, "total": {{dataFields.total}}, "to": "{{email}}", "link": {{buttonUrl}}}"#,
        );
    }

    #[divan::bench]
    fn blocks(bencher: Bencher<'_, '_>) {
        render(
            bencher,
            r#"{"items": [{{#each items}}{"sku": "{{sku}}", "first": {{@first}}}{{#unless @last}},{{/unless}}{{/each}}], "offer": "{{#if promotionId}}{{buttonName}}{{else}}none{{/if}}"}"#,
        );
    }

    #[divan::bench]
    fn helpers(bencher: Bencher<'_, '_>) {
        render(
            bencher,
            r##"{"name": "{{capitalize firstName}} {{upper lastName}}", "link": "{{#urlEncode}}{{buttonUrl}}{{/urlEncode}}", "digest": "{{sha256 email}}", "total": "{{numberFormat total "#,##0.00"}}", "twice": {{math promotionId "*" 2}}}"##,
        );
    }

    fn render(bencher: Bencher<'_, '_>, source: &str) {
        let template = Template::parse(source, Place::JsonBody).expect("a template");
        let step = Step::parse(samples::step(r#""webhook":"literal""#, 0)).expect("a step");
        bencher.bench_local(|| {
            let rendered = black_box(&template).render(&Data::of(&step, None), LIMITS);
            rendered.expect("a text")
        });
    }
}

/// An answer becomes a judgement, with what the tile keeps of it.
mod judge {
    use super::{Bencher, black_box, samples};
    use stepgate::delivery;
    use stepgate::model::{Capture, Target, TileRef};

    /// Objects in an answer: some 8 KB.
    const ITEMS: usize = 110;

    #[divan::bench]
    fn a_2xx_that_nothing_is_kept_of(bencher: Bencher<'_, '_>) {
        judge(bencher, 200, "welcome/claim-offer", Capture::Nothing);
    }

    #[divan::bench]
    fn a_503(bencher: Bencher<'_, '_>) {
        judge(bencher, 503, "welcome/claim-offer", Capture::Nothing);
    }

    #[divan::bench]
    fn a_profile_of_8_kb(bencher: Bencher<'_, '_>) {
        judge(bencher, 200, "welcome/profile", Capture::Profile);
    }

    #[divan::bench]
    fn live_data_out_of_8_kb(bencher: Bencher<'_, '_>) {
        judge(bencher, 200, "welcome/offer", Capture::LiveData);
    }

    fn judge(bencher: Bencher<'_, '_>, status: u16, tile: &str, capture: Capture) {
        let snapshot = samples::snapshot().expect("the samples are valid");
        let tile = TileRef::new(tile).expect("a tile's name");
        let found = snapshot.find(&Target::Tile(tile)).expect("a sample's tile");
        let (answer, gateway) = (samples::answer(status, ITEMS), &*snapshot.gateway);
        bencher
            .bench_local(|| delivery::judge(black_box(&answer), capture, &found.webhook, gateway));
    }
}
