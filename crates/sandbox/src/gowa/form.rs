//! Bodies with files (`multipart/form-data`): their fields, and the name of the file.

use axum::http::header;
use serde_json::{Map, Value, json};

use super::{answer::Refusal, call::Call};

/// The fields of a body, whether it is JSON or a form. A file becomes `{"file": name, "type": …, "size": …}`.
pub(super) fn fields(call: &Call<'_>) -> Result<Value, Refusal> {
    let kind =
        call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(boundary) =
        kind.strip_prefix("multipart/form-data").and_then(|rest| rest.split_once("boundary="))
    else {
        return call.json();
    };
    let boundary = boundary.1.split(';').next().unwrap_or_default().trim_matches('"');
    parse(&call.body, boundary).ok_or_else(|| Refusal::internal("multipart: NextPart: EOF"))
}

fn parse(body: &[u8], boundary: &str) -> Option<Value> {
    let mark = format!("--{boundary}");
    let mut rest = body.get(find(body, mark.as_bytes())? + mark.len()..)?;
    let next = format!("\r\n{mark}");
    let mut fields = Map::new();
    while !rest.starts_with(b"--") {
        let part = rest.get(..find(rest, next.as_bytes())?)?;
        rest = rest.get(part.len() + next.len()..)?;
        let split = find(part, b"\r\n\r\n")?;
        let head = std::str::from_utf8(part.get(..split)?).ok()?;
        let content = part.get(split + 4..)?;
        let name = attribute(head, "name=\"")?;
        let value = match attribute(head, "filename=\"") {
            Some(file) => {
                let kind = head.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    key.eq_ignore_ascii_case("content-type").then(|| value.trim())
                });
                json!({"file": file, "type": kind, "size": content.len()})
            }
            None => json!(String::from_utf8_lossy(content)),
        };
        fields.insert(name.to_owned(), value);
    }
    Some(Value::Object(fields))
}

fn attribute<'h>(head: &'h str, start: &str) -> Option<&'h str> {
    // `name="` is also the end of `filename="`.
    let at = head
        .match_indices(start)
        .find(|(at, _)| !head[..*at].ends_with("file") || start.starts_with("file"))?
        .0;
    head.get(at + start.len()..)?.split('"').next()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n628@s.whatsapp.net\r\n--x\r\n\
            Content-Disposition: form-data; name=\"image\"; filename=\"a b.png\"\r\nContent-Type: image/png\r\n\r\n\
            \x89PNG\r\n\r\n--\r\n--x--\r\n";
        let fields = parse(body, "x").unwrap();
        assert_eq!(fields["phone"], "628@s.whatsapp.net");
        assert_eq!(fields["image"], json!({"file": "a b.png", "type": "image/png", "size": 10}));
        assert_eq!(parse(b"--x\r\nbroken", "x"), None);
        assert_eq!(parse(b"", "x"), None);
    }
}
