//! JSON as Go's `json.Marshal` writes it: the keys of maps sorted, the fields of structs in their order, and
//! `<`, `>`, `&` escaped. A receiver that serialises again instead of signing the raw bytes fails here as it
//! would with the vendor.

use serde_json::Value;

/// The structs that the vendor's program puts into its maps, by their fields.
const STRUCTS: &[&[&str]] = &[
    &["text", "id", "replied_id", "quoted_message"],
    &["media_path", "mime_type", "caption"],
    &["message", "id"],
    &["degreesLatitude", "degreesLongitude", "name", "address"],
    &["displayName", "vcard", "phone_number"],
];

/// The bytes of a value.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
            match STRUCTS.iter().find(|fields| keys.iter().all(|key| fields.contains(key))) {
                Some(fields) => keys.sort_by_key(|key| fields.iter().position(|field| field == key)),
                None => keys.sort_unstable(),
            }
            out.push(b'{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(key, out);
                out.push(b':');
                write(&map[key], out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::String(text) => string(text, out),
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    for character in Value::from(text).to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire;

    /// The vendor's bytes come out again, and so do their signatures.
    #[test]
    fn writes_and_signs_the_vectors() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/tests/fixtures/gowa/signed");
        let mut seen = 0;
        for name in ["v7_text_in", "v9_ack_read_batch", "v9_reaction"] {
            let body = std::fs::read(folder.join(format!("{name}.body"))).unwrap();
            let about: Value =
                serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.sig.json"))).unwrap())
                    .unwrap();
            let ours = bytes(&serde_json::from_slice::<Value>(&body).unwrap());
            assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&body), "{name}");
            assert_eq!(
                wire::signature(about["secret"].as_str().unwrap(), &ours),
                about["value"].as_str().unwrap()
            );
            seen += 1;
        }
        assert_eq!(seen, 3);
    }

    #[test]
    fn escapes_what_go_escapes() {
        let text =
            String::from_utf8(bytes(&json!({"b": "<é & \"ü\">\u{2028}\n", "a": [1, null, true]}))).unwrap();
        assert_eq!(text, "{\"a\":[1,null,true],\"b\":\"\\u003cé \\u0026 \\\"ü\\\"\\u003e\\u2028\\n\"}");
    }
}
