// In the list of numbers: asks the server to start or stop one, and tells how long it took until its card says so.
(() => {
  const card = (id) => document.querySelector(`a.tile[href$="/${id}"]`);
  window.balasCard = (id, action, word) =>
    new Promise((resolve) => {
      const started = performance.now();
      const says = () => [...(card(id)?.querySelectorAll(".badge") ?? [])].some((badge) => badge.textContent === word);
      const observer = new MutationObserver(() => {
        if (says()) {
          observer.disconnect();
          // When the frame with it is out.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - started)));
        }
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      void fetch(`/api/v1/whatsapp/sessions/${id}/${action}`, { method: "POST" });
    });
})();
