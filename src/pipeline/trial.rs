//! One real attempt outside any journey: nothing is paced, scheduled, counted or kept.
//!
//! `stepgate test` and the console's Test Connection are this.

use crate::auth::Authenticator;
use crate::config::{Auth, Found, Gateway};
use crate::delivery::{self, Judgement};
use crate::egress::{BodyUse, Egress, EgressError, Response};
use crate::model::{Capture, ExitReason, PendingReason, Request, Step, StepFault, Target, json};
use crate::plan::{self, PlanFault, Secrets};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::fmt::Write as _;

/// What came of a trial.
#[derive(Debug, Clone)]
pub struct Trial {
    /// As it was sent, secrets included and marked as sensitive; none where none was made.
    pub request: Option<Request>,
    pub answer: Result<Response, TrialFault>,
}

/// Why a trial got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialFault {
    /// The reason that a step's outcome would have.
    pub reason: &'static str,
    /// A sentence's fragment.
    pub message: String,
}

/// Sends what `step` comes to for `found`, once; a token that is refused is fetched anew once.
pub async fn try_out(
    auth: &Authenticator,
    egress: &Egress,
    found: &Found,
    gateway: &Gateway,
    step: &Step,
) -> Trial {
    let fault = |reason, message| Err(TrialFault { reason, message });
    let plan = match plan::compose(found, gateway, step, None, Secrets::Plain) {
        Ok(plan) => plan,
        Err(planned) => {
            return Trial {
                request: None,
                answer: fault(planned.reason().as_str(), planned.to_string()),
            };
        }
    };
    let mut refreshed = false;
    loop {
        let mut request = plan.request.clone();
        let credential = match auth.credential(&found.webhook.auth, gateway).await {
            Ok(credential) => credential,
            Err(error) => {
                let reason = ExitReason::TokenFetchFailed.as_str();
                return Trial {
                    request: Some(request),
                    answer: fault(reason, error.to_string()),
                };
            }
        };
        if let Some(credential) = &credential {
            let header = credential.header().clone();
            request.headers.push((AUTHORIZATION, header));
        }
        let body = BodyUse::Capture {
            limit: gateway.delivery.response_limit,
        };
        let answer = delivery::exchange(egress, &request, body, gateway).await;
        let attempt = delivery::judge(&answer, Capture::Nothing, &found.webhook, gateway);
        if let (Judgement::RefreshToken, Some(credential), false) =
            (&attempt.judgement, &credential, refreshed)
        {
            auth.forget(credential).await;
            refreshed = true;
            continue;
        }
        return Trial {
            request: Some(request),
            answer: answer.map_err(|_: EgressError| TrialFault {
                reason: reason(&attempt.judgement),
                message: attempt.message,
            }),
        };
    }
}

/// The request that `step` comes to for `found`, its secrets masked.
///
/// # Errors
/// A [`PlanFault`], from the step's values.
pub fn shown(found: &Found, gateway: &Gateway, step: &Step) -> Result<Request, PlanFault> {
    let mut request = plan::compose(found, gateway, step, None, Secrets::Masked)?.request;
    let credential = match found.webhook.auth {
        Auth::None => None,
        Auth::Basic(_) => Some("Basic ***"),
        Auth::Oauth2(_) => Some("Bearer ***"),
    };
    let credential = credential.map(|it| (AUTHORIZATION, HeaderValue::from_static(it)));
    request.headers.extend(credential);
    Ok(request)
}

/// The step that `text`, the JSON of a step or of a part of one, is for `target`, whatever target it
/// names itself.
///
/// # Errors
/// A [`StepFault`].
pub fn sample(target: &Target, text: &str) -> Result<Step, StepFault> {
    let members = json::members(text).map_err(|_| StepFault {
        pointer: "",
        detail: "found something else than a JSON object".to_owned(),
    })?;
    let mut body = match target {
        Target::Tile(tile) => format!(r#"{{"tile":"{tile}""#),
        Target::Webhook(webhook) => format!(r#"{{"webhook":"{webhook}""#),
    };
    for member in members {
        if !["tile", "webhook"].contains(&&*member.key()) {
            let _ = write!(body, ",{}:{}", member.name, member.value);
        }
    }
    body.push('}');
    Step::parse(body.into())
}

fn reason(judgement: &Judgement) -> &'static str {
    match judgement {
        Judgement::Exit(reason) => reason.as_str(),
        Judgement::Retry(cause) => PendingReason::Retry(*cause).as_str(),
        Judgement::RefreshToken => ExitReason::Unauthorized.as_str(),
        Judgement::Continue { .. } => "",
    }
}
