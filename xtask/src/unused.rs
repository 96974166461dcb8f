//! Takes out of the page's program what it never runs and the compiler cannot know of.

use anyhow::{Context, Result, ensure};
use walrus::Module;

/// Parts of the names of functions that hydrate routes which are loaded later, or rows from a template. Balas has
/// neither: the page is one program. Yet tables of methods mention these for every view, so the linker keeps them
/// and all that only they call.
const NEVER_RUN: [&str; 2] = ["hydrate_async", "hydrate_from_template"];

/// The same program with those functions empty. Should one be called after all, the program stops there, which
/// no test of the page would overlook.
///
/// # Errors
/// When it cannot be read, or nothing in it bears such a name: then Leptos has changed, and so must this.
pub fn without(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(wasm).context("the page's program cannot be read")?;
    let mut emptied = 0;
    let ids: Vec<_> = module
        .funcs
        .iter()
        .filter(|f| f.name.as_deref().is_some_and(|name| NEVER_RUN.iter().any(|part| name.contains(part))))
        .map(walrus::Function::id)
        .collect();
    for id in ids {
        if let walrus::FunctionKind::Local(function) = &mut module.funcs.get_mut(id).kind {
            let mut body = function.builder_mut().func_body();
            body.instrs_mut().clear();
            body.unreachable();
            emptied += 1;
        }
    }
    ensure!(emptied > 0, "no function of the page's program is named like {NEVER_RUN:?}");
    Ok(module.emit_wasm())
}
