// In an open thread: tells when the picture of a message has been painted, and what scrolling through all of it costs.
(() => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const bubble = (mark) => [...document.querySelectorAll(".thread-log article")].find((found) => found.textContent.includes(mark));

  /** The time by the machine's clock, in milliseconds. */
  window.balasPicture = async (mark) => {
    for (;;) {
      const picture = bubble(mark)?.querySelector(".picture img");
      if (picture?.complete && picture.naturalWidth > 0) {
        await frame();
        // The first moment after the frame with it was handed to the screen.
        return new Promise((resolve) => {
          const after = new MessageChannel();
          after.port1.onmessage = () => resolve(Date.now());
          after.port2.postMessage(null);
        });
      }
      await frame();
    }
  };

  /** Scrolls back to the first message and to the newest one again. */
  window.balasScroll = async () => {
    const scroller = document.querySelector(".thread-scroll");
    const cost = { longest: 0, shifted: 0, messages: 0, pictures: 0 };
    const watch = (type, see) => new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type });
    watch("longtask", (task) => (cost.longest = Math.max(cost.longest, task.duration)));
    // Elsewhere clocks go on. What is gone was in the thread.
    const inThread = ({ node }) => !node?.isConnected || scroller.contains(node);
    watch("layout-shift", (shift) => (cost.shifted += shift.sources.some(inThread) ? shift.value : 0));
    const messages = () => scroller.querySelectorAll("article").length;
    for (const step of [-400, 400]) {
      // Older messages come over the line: the end is where nothing has come for two seconds.
      for (let still = 0, shown = messages(); still < 120; ) {
        const before = scroller.scrollTop;
        // Not in the frame in which more stands there: the browser would take the scrolling for a shift.
        if (messages() === shown) scroller.scrollBy(0, step);
        shown = messages();
        await frame();
        still = scroller.scrollTop === before ? still + 1 : 0;
      }
    }
    cost.messages = messages();
    cost.pictures = scroller.querySelectorAll(".picture img").length;
    return JSON.stringify(cost);
  };
})();
