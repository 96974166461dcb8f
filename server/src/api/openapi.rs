//! The API's description of itself.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, RefOr, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{auth, problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Balas",
        description = "A WhatsApp team inbox. Times are microseconds since 1970 in UTC. Errors are problem details \
            (RFC 9457). The live stream at /ws is described in docs/API.md.",
    ),
    servers((url = "/api/v1")),
    paths(
        super::me::show, super::settings::show, super::settings::change,
        super::settings::set_webhook, super::settings::remove_webhook,
        super::alerts::list, super::alerts::acknowledge,
        super::files::show, super::files::picture, super::files::load, super::files::begin, super::files::upload, super::files::part,
        super::files::cancel, super::files::send,
        super::accounts::list, super::accounts::create, super::accounts::check, super::accounts::show,
        super::accounts::change, super::accounts::remove, super::accounts::setup, super::accounts::start,
        super::accounts::stop,
        super::contacts::list, super::contacts::show, super::contacts::details, super::contacts::suggestions,
        super::contacts::export, super::contacts::erase, super::contacts::merge, super::contacts::keep_apart, super::contacts::merges, super::contacts::undo,
        super::conversations::list, super::conversations::show, super::conversations::group, super::conversations::carrier, super::conversations::read,
        super::conversations::export, super::conversations::clear, super::conversations::work, super::labels::list, super::labels::create, super::labels::change,
        super::labels::remove, super::messages::note, super::messages::find,
        super::messages::list, super::messages::send, super::messages::retry, super::messages::react,
        super::messages::unreact, super::messages::edit, super::messages::revoke, super::messages::versions,
        super::messages::raw,
        super::members::list, super::members::create, super::members::change,
        super::sessions::list, super::sessions::create, super::sessions::check, super::sessions::start_many, super::sessions::stop_many, super::sessions::log_many_out, super::sessions::stop_all, super::sessions::show, super::sessions::change, super::sessions::remove, super::sessions::start, super::sessions::stop, super::sessions::logout, super::sessions::reconnect, super::sessions::sync_history, super::sessions::gaps, super::sessions::qr, super::sessions::link_by_qr, super::sessions::pairing_code, super::sessions::link_by_pairing_code, super::sessions::devices, super::sessions::log_device_out, super::sessions::reconnect_device, super::sessions::settings, super::sessions::reset_usage, super::sessions::primary,
        show,
    ),
    components(schemas(problem::Details, problem::FieldProblem)),
    modifiers(&Finish),
)]
struct Document;

/// What every operation has in common.
struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("balas token create")).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie =
            ApiKeyValue::with_description(auth::COOKIE, "Writes must carry the Origin of this server.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let none: [&str; 0] = [];
        document.security =
            Some(vec![SecurityRequirement::new("token", none), SecurityRequirement::new("session", none)]);
        let problem = ResponseBuilder::new()
            .description("What went wrong and what to do")
            .content(
                problem::MEDIA_TYPE,
                openapi::ContentBuilder::new()
                    .schema(Some(RefOr::Ref(openapi::Ref::from_schema_name("Problem"))))
                    .build(),
            )
            .build();
        for item in document.paths.paths.values_mut() {
            let operations =
                [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
            for operation in operations.into_iter().flatten() {
                // Functions are named by their module, and so are operations.
                let tag = operation.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_default();
                operation.operation_id = operation.operation_id.take().map(|id| format!("{tag}_{id}"));
                for (status, response) in &mut operation.responses.responses {
                    if let RefOr::T(response) = response
                        && response.description.is_empty()
                    {
                        "Done".clone_into(&mut response.description);
                        if status == "201" {
                            "Made".clone_into(&mut response.description);
                        }
                    }
                }
                operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.clone()));
            }
        }
    }
}

static JSON: LazyLock<String> = LazyLock::new(|| Document::openapi().to_pretty_json().unwrap_or_default());

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "openapi", security(()),
    responses((status = 200, description = "This document", content_type = "application/json")))]
pub async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document: serde_json::Value = serde_json::from_str(&JSON).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let verbs = item.as_object().unwrap().keys().filter(|k| *k != "parameters");
                verbs.map(|verb| (verb.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let routed: BTreeSet<(String, String)> = super::super::table()
            .into_iter()
            .map(|(method, path, _)| (method.to_string(), path.to_owned()))
            .collect();
        assert_eq!(described, routed);
        assert!(routed.len() > 15);
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let document = Document::openapi();
        let mut ids: Vec<String> = document
            .paths
            .paths
            .values()
            .flat_map(|item| [&item.get, &item.post, &item.put, &item.patch, &item.delete])
            .flatten()
            .filter_map(|operation| operation.operation_id.clone())
            .collect();
        let all = ids.len();
        assert_eq!(all, super::super::table().len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn the_document_is_stable() {
        let document: serde_json::Value = serde_json::from_str(&JSON).unwrap();
        insta::assert_json_snapshot!("openapi", document);
    }
}
