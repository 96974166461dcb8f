//! The site's files: found once at start, handed out compressed when they lie there compressed.

use std::{
    collections::HashMap,
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{problem::Problem, state::AppState};

/// The site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder or its manifest is not there.
    #[error(
        "the site's files are not in {}: build them with `cargo xtask build`, or name their folder with --site \
         ({source})",
        folder.display()
    )]
    Missing {
        /// Where they should be.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The manifest is not what the build writes.
    #[error("{} is damaged: build the site again with `cargo xtask build` ({problem})", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Addresses of the page's program and style, as the build names them after their contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// JavaScript that loads the program.
    pub js: String,
    /// The program.
    pub wasm: String,
    /// The style.
    pub css: String,
}

/// One file, with its compressed twins.
#[derive(Clone, Debug, Default)]
struct File {
    plain: Option<Bytes>,
    br: Option<Bytes>,
    gz: Option<Bytes>,
    etag: String,
}

/// All files of the site, in memory: a few hundred KB.
#[derive(Clone, Debug)]
pub struct Site {
    /// Addresses of program and style.
    pub manifest: Manifest,
    files: Arc<HashMap<String, File>>,
}

impl Site {
    /// Reads the folder.
    ///
    /// # Errors
    /// When it is not there, or was not built by `cargo xtask build`.
    pub fn load(folder: &Path) -> Result<Self, SiteError> {
        let missing = |source| SiteError::Missing { folder: folder.to_owned(), source };
        let path = folder.join("manifest.json");
        let text = fs::read(&path).map_err(missing)?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|e| SiteError::Manifest { path: path.clone(), problem: e.to_string() })?;
        let mut files = HashMap::new();
        collect(folder, folder, &mut files).map_err(missing)?;
        files.remove("/manifest.json");
        for address in [&manifest.js, &manifest.wasm, &manifest.css] {
            if !files.contains_key(address) {
                return Err(SiteError::Manifest { path, problem: format!("{address} is not there") });
            }
        }
        for (address, file) in &mut files {
            file.etag = etag(address, file);
        }
        Ok(Self { manifest, files: Arc::new(files) })
    }

    /// A site without files, for tests that need none.
    #[must_use]
    pub fn empty() -> Self {
        let name = |extension: &str| format!("/pkg/balas-0000000000000000.{extension}");
        let manifest = Manifest { js: name("js"), wasm: name("wasm"), css: name("css") };
        Self { manifest, files: Arc::default() }
    }

    fn answer(&self, address: &str, headers: &HeaderMap) -> Option<Response> {
        let file = self.files.get(address)?;
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (body, encoding) = match file {
            File { br: Some(br), .. } if accepts(accepted, "br") => (br, Some("br")),
            File { gz: Some(gz), .. } if accepts(accepted, "gzip") => (gz, Some("gzip")),
            File { plain: Some(plain), .. } => (plain, None),
            _ => return None,
        };
        let mut response = Response::new(Body::empty());
        let out = response.headers_mut();
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let lasting = if address.starts_with("/pkg/") {
            // Named after the contents: other contents have another name.
            HeaderValue::from_static("public, max-age=31536000, immutable")
        } else if media_type(address).starts_with("image/") {
            // A page shows the icon in several places, and nothing breaks with yesterday's.
            HeaderValue::from_static("public, max-age=86400")
        } else {
            // Asked for again each time, answered with 304 unless it changed.
            HeaderValue::from_static("no-cache")
        };
        out.insert(header::CACHE_CONTROL, lasting);
        // Each encoding is another representation, so each has its own tag.
        let tag = format!("\"{}{}\"", file.etag, encoding.map_or(String::new(), |e| format!("-{e}")));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            out.insert(header::ETAG, tag);
        }
        let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
        if known.is_some_and(|k| k.split(',').any(|k| k.trim().trim_start_matches("W/") == tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(address)));
        out.insert(header::CONTENT_LENGTH, body.len().into());
        if let Some(encoding) = encoding {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        *response.body_mut() = Body::from(body.clone());
        Some(response)
    }
}

fn collect(root: &Path, folder: &Path, files: &mut HashMap<String, File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let Ok(relative) = path.strip_prefix(root) else { continue };
        let mut address = String::new();
        for part in relative.components() {
            if let Component::Normal(name) = part {
                address.push('/');
                address.push_str(&name.to_string_lossy());
            }
        }
        let bytes = Some(Bytes::from(fs::read(&path)?));
        if let Some(plain) = address.strip_suffix(".br") {
            files.entry(plain.to_owned()).or_default().br = bytes;
        } else if let Some(plain) = address.strip_suffix(".gz") {
            files.entry(plain.to_owned()).or_default().gz = bytes;
        } else {
            files.entry(address).or_default().plain = bytes;
        }
    }
    Ok(())
}

/// Changes when the contents do. FNV-1a: nobody gains by forging it.
fn etag(address: &str, file: &File) -> String {
    let bytes = file.plain.as_deref().unwrap_or_default();
    let hash = address.bytes().chain(bytes.iter().copied()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Whether `Accept-Encoding` names the encoding and does not rule it out with `q=0`.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused =
            parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        named && !refused
    })
}

/// Browsers refuse a program with the wrong type, so this is not left to guessing.
fn media_type(address: &str) -> &'static str {
    match address.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "wav" => "audio/wav",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

/// Answers with a file of the site, if there is one by that name. For `pkg/`, whose misses are no pages.
pub async fn serve(State(state): State<AppState>, request: Request) -> Response {
    file(&state, &request).unwrap_or_else(|| Problem::not_found("such file").into_response())
}

/// The file that a request asks for, if there is one.
#[must_use]
pub fn file(state: &AppState, request: &Request) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    state.site.answer(request.uri().path(), request.headers())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> (tempfile::TempDir, Site) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("pkg")).unwrap();
        for (name, contents) in [
            ("manifest.json", r#"{"js":"/pkg/a-1.js","wasm":"/pkg/a-2.wasm","css":"/pkg/a-3.css"}"#),
            ("pkg/a-1.js", "plain"),
            ("pkg/a-1.js.br", "brotli"),
            ("pkg/a-1.js.gz", "gzip"),
            ("pkg/a-2.wasm", "wasm"),
            ("pkg/a-3.css", "css"),
            ("favicon.svg", "<svg/>"),
            ("boot.js", "early"),
        ] {
            fs::write(dir.path().join(name), contents).unwrap();
        }
        let site = Site::load(dir.path()).unwrap();
        (dir, site)
    }

    fn ask(site: &Site, address: &str, headers: &[(header::HeaderName, &str)]) -> Option<Response> {
        site.answer(address, &headers.iter().map(|(k, v)| (k.clone(), v.parse().unwrap())).collect())
    }

    #[test]
    fn encodings() {
        let (_dir, site) = site();
        for (accept, encoding) in [
            ("gzip, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("", None),
            ("identity", None),
        ] {
            let response = ask(&site, "/pkg/a-1.js", &[(header::ACCEPT_ENCODING, accept)]).unwrap();
            let found = response.headers().get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap());
            assert_eq!(found, encoding, "{accept}");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
        }
    }

    #[test]
    fn types_and_caching() {
        let (_dir, site) = site();
        let wasm = ask(&site, "/pkg/a-2.wasm", &[]).unwrap();
        assert_eq!(wasm.headers()[header::CONTENT_TYPE], "application/wasm");
        assert!(wasm.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let icon = ask(&site, "/favicon.svg", &[]).unwrap();
        assert_eq!(icon.headers()[header::CACHE_CONTROL], "public, max-age=86400");
        let early = ask(&site, "/boot.js", &[]).unwrap();
        assert_eq!(early.headers()[header::CACHE_CONTROL], "no-cache");
        let tag = icon.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = ask(&site, "/favicon.svg", &[(header::IF_NONE_MATCH, &tag)]).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn nothing_else_is_handed_out() {
        let (_dir, site) = site();
        for address in
            ["/manifest.json", "/pkg/", "/pkg/../manifest.json", "/../etc/passwd", "/pkg/a-1.js.br", "/"]
        {
            assert!(ask(&site, address, &[]).is_none(), "{address}");
        }
    }

    #[test]
    fn a_missing_site_says_what_to_do() {
        let said = Site::load(Path::new("/nowhere/site")).unwrap_err().to_string();
        assert!(said.contains("cargo xtask build") && said.contains("/nowhere/site"), "{said}");
    }
}
