//! Files that are made to be taken away.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use balas_engine::{Export, StorageError};

use super::files::disposition;
use crate::problem::Problem;

/// The answer that browsers save. They never show it with our address, whatever is in it.
///
/// # Errors
/// When the disk does not give it.
pub(super) async fn download(export: Export) -> Result<Response, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, export.mime),
        (header::CONTENT_DISPOSITION, disposition("attachment", &export.name).as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_LENGTH, export.size.into());
    let bytes = export
        .open()
        .await
        .map_err(|error| Problem::from(balas_engine::EngineError::from(StorageError::Disk(error))))?;
    Ok((headers, Body::from_stream(bytes)).into_response())
}
