// Tells when a text has been painted in the open thread. Evaluated in the page before the text is sent.
(() => {
  /** Painted texts, with the time by the machine's clock in milliseconds. */
  const painted = new Map();
  /** Who waits for which text. */
  const waiting = new Map();
  const MARK = /paint-\d+-mark/g;

  // The list shows the text too, in links to conversations, and may be faster; live regions are for screen
  // readers.
  const outside = 'a[href*="/inbox/"], [aria-live], [role="status"], title, script';

  const note = (mark) => {
    if (painted.has(mark)) return;
    painted.set(mark, null);
    // The frame that will show it, and then the first moment after that frame was handed to the screen.
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => {
        const at = Date.now();
        painted.set(mark, at);
        waiting.get(mark)?.(at);
      };
      after.port2.postMessage(null);
    });
  };

  const look = (node) => {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    if (!element?.isConnected) return;
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const first = node.nodeType === Node.TEXT_NODE ? node : walker.nextNode();
    for (let text = first; text; text = walker.nextNode()) {
      const marks = text.data.match(MARK);
      if (marks && !text.parentElement?.closest(outside)) marks.forEach(note);
    }
  };

  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "characterData") look(record.target);
      record.addedNodes.forEach(look);
    }
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });

  window.balasPainted = (mark) =>
    new Promise((resolve) => {
      const at = painted.get(mark);
      if (at) resolve(at);
      else waiting.set(mark, resolve);
    });
})();
