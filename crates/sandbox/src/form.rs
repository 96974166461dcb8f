//! Bodies with files (`multipart/form-data`), read as they come: files go to the store piece by piece.

use std::collections::HashMap;
use std::sync::Arc;

use axum::{
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request},
    http::{HeaderMap, header},
};
use serde_json::{Map, Value};

use crate::blob::{Blob, Blobs, StoreError};

/// Fields that are no files stay in memory.
const LARGEST_FIELD: usize = 1024 * 1024;

/// A form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The fields that are no files, as strings.
    pub(crate) fields: Map<String, Value>,
    pub(crate) files: HashMap<String, FormFile>,
}

/// A file of a form.
#[derive(Clone, Debug)]
pub(crate) struct FormFile {
    /// What the sender calls it.
    pub(crate) name: String,
    /// The `Content-Type` of its part, to the letter.
    pub(crate) mime: String,
    pub(crate) blob: Arc<Blob>,
}

/// Why a form was not read.
#[derive(Debug)]
pub(crate) enum FormError {
    /// It is none.
    Broken,
    /// Its file is not kept.
    Store(StoreError),
}

/// Whether a body is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"))
}

/// Reads a form to its end, even when its file is too large: who still sends does not hear an answer.
pub(crate) async fn read(blobs: &Blobs, mut request: Request) -> Result<Form, FormError> {
    DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| FormError::Broken)?;
    let mut form = Form::default();
    let mut trouble = None;
    while let Some(mut part) = parts.next_field().await.map_err(|_| FormError::Broken)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let Some(file_name) = part.file_name().map(str::to_owned) else {
            let mut value = Vec::new();
            while let Some(piece) = part.chunk().await.map_err(|_| FormError::Broken)? {
                if value.len() + piece.len() > LARGEST_FIELD {
                    return Err(FormError::Broken);
                }
                value.extend_from_slice(&piece);
            }
            form.fields.insert(name, String::from_utf8_lossy(&value).into());
            continue;
        };
        let mime = part.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mime = mime.unwrap_or("application/octet-stream").to_owned();
        let mut spool = Some(blobs.begin());
        while let Some(piece) = part.chunk().await.map_err(|_| FormError::Broken)? {
            if let Some(Err(error)) = spool.as_mut().map(|spool| spool.write(&piece)) {
                trouble.get_or_insert(error);
                spool = None;
            }
        }
        if let Some(blob) = spool.map(crate::blob::Spool::finish) {
            form.files.insert(name, FormFile { name: file_name, mime, blob });
        }
    }
    trouble.map_or(Ok(form), |error| Err(FormError::Store(error)))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn parse(body: &'static [u8]) -> Result<Form, FormError> {
        let request = Request::builder().header("content-type", "multipart/form-data; boundary=x");
        read(&Blobs::default(), request.body(Body::from(body)).unwrap()).await
    }

    #[tokio::test]
    async fn forms() {
        let form = parse(
            b"--x\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n628@s.whatsapp.net\r\n--x\r\n\
            Content-Disposition: form-data; name=\"image\"; filename=\"a b.png\"\r\nContent-Type: image/png; a=b\r\n\r\n\
            \x89PNG\r\n\r\n--\r\n--x--\r\n",
        )
        .await
        .unwrap();
        assert_eq!(form.fields["phone"], "628@s.whatsapp.net");
        let file = &form.files["image"];
        assert_eq!((file.name.as_str(), file.mime.as_str()), ("a b.png", "image/png; a=b"));
        assert_eq!(file.blob.read().unwrap(), b"\x89PNG\r\n\r\n--");
        for broken in [&b"--x\r\nbroken"[..], b"", b"--y--\r\n"] {
            assert!(matches!(parse(broken).await, Err(FormError::Broken)), "{broken:?}");
        }
    }

    #[test]
    fn what_is_a_form() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            headers
        };
        assert!(is_form(&headers("multipart/form-data; boundary=x")));
        assert!(is_form(&headers("Multipart/Form-Data; boundary=x")));
        assert!(!is_form(&headers("application/json")));
        assert!(!is_form(&HeaderMap::new()));
    }
}
