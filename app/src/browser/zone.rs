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

/// Seconds east of UTC at that moment in a zone by its IANA name; `None` if the browser does not know it.
#[cfg(not(feature = "ssr"))]
pub(crate) fn offset_in(zone: &str, at: Timestamp) -> Option<i32> {
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &JsValue::from_str("timeZone"), &JsValue::from_str(zone)).ok()?;
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    // Sweden writes dates as machines do. An unknown zone throws, hence the detour.
    let write = js_sys::Reflect::get(&date, &JsValue::from_str("toLocaleString")).ok()?;
    let write: js_sys::Function = wasm_bindgen::JsCast::dyn_into(write).ok()?;
    let text = write.call2(&date, &JsValue::from_str("sv-SE"), &options).ok()?.as_string()?;
    let local = js_sys::Date::parse(&format!("{}Z", text.replace(' ', "T")));
    local.is_finite().then(|| ((local / 1000.0).round() - at.as_seconds() as f64) as i32)
}
