// In a thread of a group: opens the details, or asks for all members, and tells how long it took until so many of them
// were painted.
(() => {
  const shown = () => [...document.querySelectorAll(".group-members li")].filter((member) => member.checkVisibility());
  const painted = (members, press) =>
    new Promise((resolve) => {
      const started = performance.now();
      const observer = new MutationObserver(() => {
        if (shown().length < members) return;
        observer.disconnect();
        // The first moment after the frame with them was handed to the screen.
        requestAnimationFrame(() => {
          const after = new MessageChannel();
          after.port1.onmessage = () => resolve(performance.now() - started);
          after.port2.postMessage(null);
        });
      });
      observer.observe(document.body, { subtree: true, childList: true, attributes: true });
      press();
    });
  window.balasOpenGroup = (members) =>
    painted(members, () => document.querySelector('.thread-head button[aria-label="Details"]').click());
  window.balasAllMembers = (members) => painted(members, () => document.querySelector(".group > .button").click());
})();
