//! Every route of this door in one list: what it takes, who may ask, what it does.

use crate::config::Role;
use http::Method;

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Metrics,
    OpenApi,
    SignIn,
    SignOut,
    WhoAmI,
    Webhooks,
    CreateWebhook,
    Webhook,
    ReplaceWebhook,
    DeleteWebhook,
    CopyWebhook,
    WebhookTiles,
    Preview,
    Test,
    Journeys,
    CreateJourney,
    Journey,
    ReplaceJourney,
    DeleteJourney,
    Publish,
    Unpublish,
    ConfigErrors,
    Schedule,
    Events,
    Stats,
    Inspect,
    Inspected,
    EndInspect,
}

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    /// `{id}` stands for one segment.
    pub(super) path: &'static str,
    /// The least that may ask; none: everyone.
    pub(super) role: Option<Role>,
    pub(super) action: Action,
    pub(super) summary: &'static str,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) enum Asked<'r, 'p> {
    /// A route, and what stands for its `{id}`.
    Route(&'r Route, Option<&'p str>),
    /// A path that takes these methods only.
    Methods(String),
    Nothing,
}

const fn route(
    method: Method,
    path: &'static str,
    role: Option<Role>,
    action: Action,
    summary: &'static str,
) -> Route {
    Route {
        method,
        path,
        role,
        action,
        summary,
    }
}

const VIEWER: Option<Role> = Some(Role::Viewer);
const EDITOR: Option<Role> = Some(Role::Editor);

/// All of them.
pub(super) static ROUTES: [Route; 28] = [
    route(
        Method::GET,
        "/metrics",
        VIEWER,
        Action::Metrics,
        "Metrics, as Prometheus reads them",
    ),
    route(
        Method::GET,
        "/openapi.json",
        VIEWER,
        Action::OpenApi,
        "This document",
    ),
    route(
        Method::POST,
        "/admin/v1/session",
        None,
        Action::SignIn,
        "Sign in with a token; the answer sets a cookie",
    ),
    route(
        Method::DELETE,
        "/admin/v1/session",
        None,
        Action::SignOut,
        "Sign out",
    ),
    route(
        Method::GET,
        "/admin/v1/session",
        VIEWER,
        Action::WhoAmI,
        "Who is signed in, and as what",
    ),
    route(
        Method::GET,
        "/admin/v1/webhooks",
        VIEWER,
        Action::Webhooks,
        "All webhooks",
    ),
    route(
        Method::POST,
        "/admin/v1/webhooks",
        EDITOR,
        Action::CreateWebhook,
        "Make a webhook",
    ),
    route(
        Method::POST,
        "/admin/v1/webhooks/preview",
        VIEWER,
        Action::Preview,
        "The request that a draft comes to for sample data",
    ),
    route(
        Method::POST,
        "/admin/v1/webhooks/test",
        EDITOR,
        Action::Test,
        "Test Connection: one real request of a draft",
    ),
    route(
        Method::GET,
        "/admin/v1/webhooks/{id}",
        VIEWER,
        Action::Webhook,
        "One webhook",
    ),
    route(
        Method::PUT,
        "/admin/v1/webhooks/{id}",
        EDITOR,
        Action::ReplaceWebhook,
        "Replace a webhook",
    ),
    route(
        Method::DELETE,
        "/admin/v1/webhooks/{id}",
        EDITOR,
        Action::DeleteWebhook,
        "Delete a webhook",
    ),
    route(
        Method::POST,
        "/admin/v1/webhooks/{id}/copy",
        EDITOR,
        Action::CopyWebhook,
        "Copy a webhook, without its authentication",
    ),
    route(
        Method::GET,
        "/admin/v1/webhooks/{id}/tiles",
        VIEWER,
        Action::WebhookTiles,
        "The tiles that rely on a webhook",
    ),
    route(
        Method::GET,
        "/admin/v1/journeys",
        VIEWER,
        Action::Journeys,
        "All journeys",
    ),
    route(
        Method::POST,
        "/admin/v1/journeys",
        EDITOR,
        Action::CreateJourney,
        "Make a journey",
    ),
    route(
        Method::GET,
        "/admin/v1/journeys/{id}",
        VIEWER,
        Action::Journey,
        "One journey",
    ),
    route(
        Method::PUT,
        "/admin/v1/journeys/{id}",
        EDITOR,
        Action::ReplaceJourney,
        "Replace a journey",
    ),
    route(
        Method::DELETE,
        "/admin/v1/journeys/{id}",
        EDITOR,
        Action::DeleteJourney,
        "Delete a journey",
    ),
    route(
        Method::POST,
        "/admin/v1/journeys/{id}/publish",
        EDITOR,
        Action::Publish,
        "Publish a journey: it locks its Live Data webhooks",
    ),
    route(
        Method::POST,
        "/admin/v1/journeys/{id}/unpublish",
        EDITOR,
        Action::Unpublish,
        "Unpublish a journey",
    ),
    route(
        Method::GET,
        "/admin/v1/config/errors",
        VIEWER,
        Action::ConfigErrors,
        "What is wrong with the files as they are",
    ),
    route(
        Method::GET,
        "/admin/v1/schedule",
        VIEWER,
        Action::Schedule,
        "What waits, and why",
    ),
    route(
        Method::GET,
        "/admin/v1/events",
        VIEWER,
        Action::Events,
        "Outcomes as they come, masked: server-sent events",
    ),
    route(
        Method::GET,
        "/admin/v1/stats",
        VIEWER,
        Action::Stats,
        "The last hour in numbers",
    ),
    route(
        Method::POST,
        "/admin/v1/inspect",
        EDITOR,
        Action::Inspect,
        "Open an endpoint that keeps what is sent to it",
    ),
    route(
        Method::GET,
        "/admin/v1/inspect/{id}",
        VIEWER,
        Action::Inspected,
        "What was sent to an endpoint",
    ),
    route(
        Method::DELETE,
        "/admin/v1/inspect/{id}",
        EDITOR,
        Action::EndInspect,
        "Close an endpoint, and forget what was sent to it",
    ),
];

/// What `method` and `path` ask for. An earlier route goes before a later one that fits too.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Asked<'static, 'p> {
    // Whoever may read may ask for the head alone.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut allowed: Vec<&str> = Vec::new();
    for route in &ROUTES {
        let Some(id) = fits(route.path, path) else {
            continue;
        };
        if route.method == *method {
            return Asked::Route(route, id);
        }
        allowed.push(route.method.as_str());
    }
    if allowed.is_empty() {
        Asked::Nothing
    } else {
        Asked::Methods(allowed.join(", "))
    }
}

/// Whether `path` fits `pattern`: what stands for its `{id}`, if it has one.
fn fits<'p>(pattern: &str, path: &'p str) -> Option<Option<&'p str>> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (pattern == path).then_some(None);
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_method_are_one_route_or_none() {
        let action = |method: &str, path| match find(&method.parse().unwrap(), path) {
            Asked::Route(route, id) => Ok((route.action, id)),
            Asked::Methods(allowed) => Err(allowed),
            Asked::Nothing => Err(String::new()),
        };
        for (method, path, expected) in [
            ("GET", "/admin/v1/webhooks", Ok((Action::Webhooks, None))),
            (
                "HEAD",
                "/admin/v1/webhooks/a",
                Ok((Action::Webhook, Some("a"))),
            ),
            ("POST", "/admin/v1/webhooks/test", Ok((Action::Test, None))),
            // A webhook may have that name.
            (
                "GET",
                "/admin/v1/webhooks/test",
                Ok((Action::Webhook, Some("test"))),
            ),
            (
                "PATCH",
                "/admin/v1/webhooks/test",
                Err("POST, GET, PUT, DELETE".to_owned()),
            ),
            (
                "POST",
                "/admin/v1/webhooks/a/copy",
                Ok((Action::CopyWebhook, Some("a"))),
            ),
            (
                "POST",
                "/admin/v1/webhooks/a",
                Err("GET, PUT, DELETE".to_owned()),
            ),
            ("GET", "/admin/v1/webhooks/", Err(String::new())),
            ("GET", "/admin/v1/webhooks/a/b/tiles", Err(String::new())),
            ("GET", "/admin/v1", Err(String::new())),
        ] {
            assert_eq!(action(method, path), expected, "{method} {path}");
        }
    }
}
