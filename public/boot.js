// Starts the page's program. A file of its own, so that the content security policy needs no exception for inline
// scripts. Everything that must be right before the program runs is here too: the time zone, told to the server for
// the next page.
const program = document.getElementById("balas-program");

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  document.cookie = `tz=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax`;
}

try {
  const { default: init, hydrate } = await import(program.dataset.js);
  await init({ module_or_path: program.dataset.wasm });
  await hydrate();
  document.documentElement.dataset.hydrated = "";
} catch (error) {
  // The page stays readable, and forms that need no program keep working.
  console.error("Balas could not start in this browser.", error);
  document.documentElement.dataset.broken = "";
}
