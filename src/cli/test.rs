//! `stepgate test`: one real request of a webhook, its answer, and the fields to pick from it.

use super::render::wire;
use super::{Failure, input};
use crate::auth::Authenticator;
use crate::config::{self, Draft, Found, Gateway, Webhook};
use crate::delivery;
use crate::egress::{Egress, OwnListeners, Response};
use crate::model::{Step, Target, WebhookId};
use crate::pipeline::{self, Trial};
use crate::telemetry::Telemetry;
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Send a webhook's request for real; show the answer and the fields to pick from it.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// The webhook's id.
    webhook: String,
    /// A file with sample data as JSON: a step's email, userId, profile, dataFields, liveData.
    #[arg(long)]
    sample: PathBuf,
    /// Write a successful test into the webhook's file, which puts it into service.
    #[arg(long)]
    record: bool,
    /// The process's file; `webhooks/` and `journeys/` stand beside it.
    #[arg(long, default_value = "conf/gateway.toml")]
    config: PathBuf,
}

/// A webhook as its file has it, tested or not.
struct Subject {
    path: PathBuf,
    webhook: Arc<Webhook>,
    fingerprint: String,
}

// === impl Test ===

impl Test {
    pub(super) fn run(self) -> Result<(), Failure> {
        let snapshot = config::read(&self.config)?;
        let id = WebhookId::new(&self.webhook)
            .map_err(|fault| anyhow!("`{}` names no webhook: it {fault}", self.webhook))?;
        let subject = Subject::read(&self.config, &id)?;
        if self.record && subject.webhook.data_retrieval.is_none() {
            let path = subject.path.display();
            return Err(
                anyhow!("{path} has no [data_retrieval], so there is nothing to record").into(),
            );
        }
        let step = input::step(&self.sample, &Target::Webhook(id))?;
        let found = Found {
            webhook: subject.webhook.clone(),
            place: None,
        };
        show_request(&found, &snapshot.gateway, &step);
        let trial = try_out(&found, &snapshot.gateway, &step)?;
        let response = match trial.answer {
            Ok(response) => response,
            Err(fault) => {
                return Err(refused(format!("{}: {}", fault.reason, fault.message)));
            }
        };
        show_response(&response);
        let fields = delivery::fields(&response.body);
        show_fields(fields.as_deref());
        if !(200..300).contains(&response.status) {
            return Err(refused(format!(
                "the endpoint answered {}",
                response.status
            )));
        }
        if self.record {
            fields.ok_or_else(|| refused("the answer is not JSON: nothing was recorded".into()))?;
            config::record_test(&subject.path, &subject.fingerprint, Timestamp::now())
                .context("the test was successful, but not recorded")?;
            println!("\nrecorded in {}", subject.path.display());
        }
        Ok(())
    }
}

// === impl Subject ===

impl Subject {
    fn read(config: &Path, id: &WebhookId) -> Result<Self, Failure> {
        let base = if config.is_dir() {
            config
        } else {
            config.parent().unwrap_or(Path::new("."))
        };
        let path = base.join("webhooks").join(format!("{id}.toml"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let Draft {
            webhook,
            fingerprint,
            report,
            ..
        } = config::draft(id, &text, &path.display().to_string(), base);
        match (webhook, fingerprint) {
            (Some(webhook), Some(fingerprint)) => Ok(Self {
                path,
                webhook,
                fingerprint,
            }),
            _ => Err(config::Faults(report.faults).into()),
        }
    }
}

fn refused(text: String) -> Failure {
    Failure::Refused(anyhow!(text))
}

fn try_out(found: &Found, gateway: &Gateway, step: &Step) -> anyhow::Result<Trial> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let egress = Egress::new(OwnListeners::from(&gateway.listen));
    let auth = Authenticator::new(egress.clone(), Telemetry::default());
    Ok(runtime.block_on(pipeline::try_out(&auth, &egress, found, gateway, step)))
}

/// The request, secrets masked. One that cannot be planned is told by the trial.
fn show_request(found: &Found, gateway: &Gateway, step: &Step) {
    if let Ok(request) = pipeline::shown(found, gateway, step) {
        println!("the request, to {}", request.origin);
        indented(&String::from_utf8_lossy(&wire(&request)));
    }
}

fn show_response(response: &Response) {
    let timing = &response.timing;
    println!(
        "\nthe answer: {} (dns {:?}, connect {:?}, tls {:?}, first byte {:?}, body {:?})",
        response.status, timing.dns, timing.connect, timing.tls, timing.first_byte, timing.body
    );
    for (name, value) in &response.headers {
        indented(&format!(
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    println!();
    indented(&String::from_utf8_lossy(&response.body));
}

fn show_fields(fields: Option<&[delivery::Field]>) {
    let Some(fields) = fields else {
        println!("\nthe answer is not JSON: it has no fields to pick");
        return;
    };
    println!("\nthe fields to pick, at most 10: pointer, type, example");
    for field in fields {
        let field_type = field.field_type.map_or("null", |t| t.as_str());
        println!("  {}  {field_type}  {}", field.pointer, field.example);
    }
}

fn indented(text: &str) {
    for line in text.lines() {
        println!("  {line}");
    }
}
