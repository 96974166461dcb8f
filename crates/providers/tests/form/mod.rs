//! Forms as a server reads them.

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field.
    pub name: String,
    /// What the file is called; `None` for texts.
    pub file_name: Option<String>,
    /// Its type.
    pub mime: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Part {
    /// The field and its text.
    pub fn text(&self) -> (&str, &str) {
        (&self.name, std::str::from_utf8(&self.bytes).unwrap())
    }
}

/// The parts of a form, in their order.
pub fn read(content_type: &str, body: &[u8]) -> Vec<Part> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let line = format!("\r\n--{boundary}").into_bytes();
    // The first line of all has nothing before it.
    let body = [b"\r\n", body].concat();
    let mut at: Vec<usize> =
        (0..body.len().saturating_sub(line.len() - 1)).filter(|i| body[*i..].starts_with(&line)).collect();
    let end = at.pop().unwrap();
    assert!(body[end + line.len()..].starts_with(b"--"), "the form is whole");
    at.iter()
        .zip(at.iter().skip(1).chain([&end]))
        .map(|(from, to)| part(&body[from + line.len() + 2..*to]))
        .collect()
}

fn part(raw: &[u8]) -> Part {
    let head = raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let words = std::str::from_utf8(&raw[..head]).unwrap();
    let between = |start: &str| {
        let from = words.find(start)? + start.len();
        Some(words[from..].split('"').next().unwrap().to_owned())
    };
    let mime = words.lines().find_map(|line| line.strip_prefix("Content-Type: "));
    Part {
        name: between("; name=\"").unwrap(),
        file_name: between("; filename=\""),
        mime: mime.map(str::to_owned),
        bytes: raw[head + 4..].to_vec(),
    }
}
