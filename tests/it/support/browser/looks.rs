//! How a page looks: at which width, light or dark, to whom it is accessible, and as a picture.

use super::Browser;
use crate::support::npm;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The version of axe-core that judges.
const AXE: &str = "4.14.1";

/// A light or a dark page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// What a page is looked at through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// In CSS pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scheme: Scheme,
}

// === impl Scheme ===

impl Scheme {
    /// Its name in CSS.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

// === impl Browser ===

impl Browser {
    /// Shows the page as it is in `view` from now on.
    pub(crate) fn look_through(&self, view: View) {
        let size = json!({
            "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
        let scheme = json!({"name": "prefers-color-scheme", "value": view.scheme.name()});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
    }

    /// What of the page some people could not use, by the rules of axe-core: one line each.
    pub(crate) fn barriers(&self) -> Vec<String> {
        if self.run("return 'axe' in window", vec![]) == false {
            let script = npm::installed("axe-core", AXE).join("node_modules/axe-core/axe.min.js");
            self.run(&fs::read_to_string(script).unwrap(), vec![]);
        }
        let report = self.run(
            "return axe.run(document, { resultTypes: ['violations'] }).then((report) => \
                report.violations.flatMap((one) => one.nodes.map((node) => \
                    `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))",
            vec![],
        );
        lines(&report)
    }

    /// What sticks out of the page at its side, so that it scrolls sideways.
    pub(crate) fn sticking_out(&self) -> Vec<String> {
        let script = "const root = document.documentElement; \
            if (root.scrollWidth <= innerWidth) return []; \
            return [...document.querySelectorAll('*')] \
                .filter((node) => node.getBoundingClientRect().right > innerWidth) \
                .map((node) => node.outerHTML.slice(0, 120))";
        lines(&self.run(script, vec![]))
    }

    /// A picture of what is shown, under `target/tmp/screenshots`.
    pub(crate) fn picture(&self, name: &str) {
        let picture = self.devtools("Page.captureScreenshot", json!({"format": "png"}));
        let png = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        keep(name, &png);
    }
}

/// Writes a picture, and says where.
pub(super) fn keep(name: &str, png: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.png"));
    fs::write(&file, png).unwrap();
    file
}

fn lines(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.as_str().unwrap_or_default().to_owned())
        .collect()
}
