//! The browser's time zone.

use balas_domain::Timestamp;
use wasm_bindgen::JsValue;

/// Its IANA name.
#[cfg(feature = "hydrate")]
pub(crate) fn name() -> Option<String> {
    let options =
        js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).resolved_options();
    js_sys::Reflect::get(&options, &JsValue::from_str("timeZone")).ok()?.as_string()
}

/// Seconds east of UTC at that moment.
pub(crate) fn offset_at(at: Timestamp) -> i32 {
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    // JavaScript counts minutes west of UTC.
    (-date.get_timezone_offset() * 60.0) as i32
}
