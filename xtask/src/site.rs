//! The site: everything the server hands out as a file.
//!
//! `pkg/` holds what is named after its contents and may be cached for ever: the style sheet, and the page's
//! program as one folder, because its files name each other. The rest is `public/` as it stands.
//! `manifest.json` tells the server the addresses: `{ "js": "/pkg/…", "wasm": "/pkg/…", "css": "/pkg/…" }`.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{
    page,
    project::{Mode, Project},
    stamp::{self, Stamp},
    steps::Steps,
};

/// Puts the site together, unless it stands already.
///
/// # Errors
/// When something cannot be read or written.
pub fn make(project: &Project, mode: Mode, page: &Path, steps: &mut Steps) -> Result<()> {
    let (style, public) = (project.root.join("style"), project.root.join("public"));
    let site = project.site(mode);
    let stamp = Stamp::of("site 2")
        .folder(page)?
        .folder(&style)?
        .folder(&public)?
        .bytes(mode.folder().as_bytes())
        .finish();
    stamp::unless_current(
        &project.work(mode).join("site.stamp"),
        &stamp,
        &site.join("manifest.json"),
        || {
            steps.run("site", || {
                let new = site.with_extension("new");
                remove(&new)?;
                assemble(page, &style, &public, &new)?;
                if mode == Mode::Release {
                    compress_all(&new)?;
                }
                swap(&new, &site)
            })
        },
    )?;
    Ok(())
}

fn assemble(page: &Path, style: &Path, public: &Path, new: &Path) -> Result<()> {
    for file in stamp::files_under(public)? {
        if file == Path::new("manifest.json") {
            bail!("public/manifest.json would be overwritten; call it manifest.webmanifest");
        }
        put(new, &file, &read(&public.join(&file))?)?;
    }
    let program = format!("pkg/{}", hashed_name(page::NAME, &contents_of(page)?));
    for file in stamp::files_under(page)? {
        put(new, &Path::new(&program).join(&file), &read(&page.join(&file))?)?;
    }
    let part = |extension: &str| format!("/{program}/{}.{extension}", page::NAME);
    let style = stylesheet(style)?;
    let css = format!("pkg/{}.css", hashed_name(page::NAME, style.as_bytes()));
    put(new, Path::new(&css), style.as_bytes())?;
    let manifest = manifest(&part("js"), &part("wasm"), &format!("/{css}"));
    put(new, Path::new("manifest.json"), manifest.as_bytes())
}

/// All files of a folder with their names, one after the other.
fn contents_of(folder: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for file in stamp::files_under(folder)? {
        all.extend(file.as_os_str().as_encoded_bytes());
        all.extend(read(&folder.join(&file))?);
    }
    Ok(all)
}

/// `stem-<16 hex digits of the contents' SHA-256>`.
fn hashed_name(stem: &str, contents: &[u8]) -> String {
    let hash = Sha256::digest(contents);
    format!("{stem}-{}", hex::encode(&hash[..8]))
}

fn manifest(js: &str, wasm: &str, css: &str) -> String {
    format!("{{\n  \"js\": \"{js}\",\n  \"wasm\": \"{wasm}\",\n  \"css\": \"{css}\"\n}}\n")
}

/// All style sheets of the folder, one after the other in the order of their names.
fn stylesheet(folder: &Path) -> Result<String> {
    let mut sheets = Vec::new();
    for file in stamp::files_under(folder)? {
        let direct = file.parent() == Some(Path::new(""));
        if direct && file.extension() == Some(OsStr::new("css")) {
            let path = folder.join(&file);
            let sheet =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sheets.push(sheet);
        }
    }
    Ok(concatenate(&sheets))
}

/// A line break between the sheets, so that the end of one and the beginning of the next never become one
/// token.
fn concatenate(sheets: &[String]) -> String {
    let mut all = String::new();
    for sheet in sheets {
        // A byte order mark is only allowed at the very beginning.
        all.push_str(sheet.trim_start_matches('\u{feff}').trim_end());
        all.push('\n');
    }
    all
}

/// What becomes smaller. Pictures and fonts are compressed already.
fn compressible(file: &Path) -> bool {
    const EXTENSIONS: &[&str] =
        &["css", "html", "js", "json", "map", "mjs", "svg", "txt", "wasm", "webmanifest", "xml"];
    file.extension().and_then(OsStr::to_str).is_some_and(|extension| EXTENSIONS.contains(&extension))
}

fn compress_all(site: &Path) -> Result<()> {
    for file in stamp::files_under(site)?.iter().filter(|file| compressible(file)) {
        let contents = read(&site.join(file))?;
        put(site, &with_suffix(file, ".br"), &brotli(&contents)?)?;
        put(site, &with_suffix(file, ".gz"), &gzip(&contents)?)?;
    }
    Ok(())
}

fn brotli(contents: &[u8]) -> Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: contents.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &contents[..], &mut compressed, &params).context("brotli failed")?;
    Ok(compressed)
}

fn gzip(contents: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(contents).context("gzip failed")?;
    encoder.finish().context("gzip failed")
}

/// Renames cannot replace a folder that is not empty, so the old one steps aside first; for that moment a
/// running server answers 404, never half a site.
fn swap(new: &Path, site: &Path) -> Result<()> {
    let old = site.with_extension("old");
    remove(&old)?;
    if site.exists() {
        fs::rename(site, &old).with_context(|| format!("cannot move {} aside", site.display()))?;
    }
    fs::rename(new, site).with_context(|| format!("cannot move {} into place", site.display()))?;
    remove(&old)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn put(site: &Path, file: &Path, contents: &[u8]) -> Result<()> {
    let path = site.join(file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn names_follow_contents() {
        // The beginning of the SHA-256 of nothing.
        assert_eq!(hashed_name("balas", b""), "balas-e3b0c44298fc1c14");
        assert_ne!(hashed_name("balas", b"a"), hashed_name("balas", b"b"));
    }

    #[test]
    fn the_manifest_is_json() {
        assert_eq!(
            manifest("/a.js", "/b.wasm", "/c.css").split_whitespace().collect::<String>(),
            concat!(r#"{"js":"/a.js","#, r#""wasm":"/b.wasm","#, r#""css":"/c.css"}"#)
        );
    }

    #[test]
    fn sheets_do_not_run_into_each_other() {
        let sheets = ["a{}".to_owned(), "\u{feff}b{}\n\n".to_owned(), "/* c */".to_owned()];
        assert_eq!(concatenate(&sheets), "a{}\nb{}\n/* c */\n");
    }

    #[test]
    fn text_and_wasm_are_compressed_and_pictures_are_not() {
        for file in ["pkg/balas-1.wasm", "pkg/balas-1.js", "icons/a.svg", "app.webmanifest"] {
            assert!(compressible(Path::new(file)), "{file}");
        }
        for file in ["a.png", "b.woff2", "css", "a.js.br"] {
            assert!(!compressible(Path::new(file)), "{file}");
        }
    }

    #[test]
    fn what_was_compressed_can_be_read_again() {
        let contents = b"the same words again and again, the same words again and again".repeat(20);
        let (br, gz) = (brotli(&contents).unwrap(), gzip(&contents).unwrap());
        assert!(br.len() < contents.len() / 5 && gz.len() < contents.len() / 5);
        let mut read = Vec::new();
        brotli::BrotliDecompress(&mut br.as_slice(), &mut read).unwrap();
        assert_eq!(read, contents);
        read.clear();
        flate2::read::GzDecoder::new(gz.as_slice()).read_to_end(&mut read).unwrap();
        assert_eq!(read, contents);
    }
}
