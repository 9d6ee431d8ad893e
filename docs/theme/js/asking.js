// Puts questions to the formulas. They run beside the page, so that it stays at hand while they compute; in the page itself where a
// browser starts nothing beside one from the file system.
"use strict";

/** Start the formulas: `answering` is the address of answering.js, `scripts` are those of what it needs. Ways to ask, and to load more. */
globalThis.startFormulas = ({ answering, scripts }) => {
  const absolute = (address) => new URL(address, document.baseURI).href;

  function beside() {
    const worker = new Worker(absolute(answering));
    const waiting = new Map();
    let count = 0;
    const send = (message) => new Promise((resolve, reject) => {
      count += 1;
      waiting.set(count, { resolve, reject });
      worker.postMessage({ number: count, ...message });
    });
    worker.addEventListener("message", ({ data: { number, value, refused } }) => {
      const { resolve, reject } = waiting.get(number);
      waiting.delete(number);
      if (refused) reject(Object.assign(new RangeError(), refused));
      else resolve(value);
    });
    worker.addEventListener("error", ({ message }) => {
      for (const { reject } of waiting.values()) reject(new Error(message));
      waiting.clear();
    });
    return { load: (addresses) => send({ load: addresses }), ask: (door, values) => send({ door, values }) };
  }

  const script = (src) => new Promise((resolve, reject) => {
    const made = Object.assign(document.createElement("script"), { src });
    made.addEventListener("load", resolve);
    made.addEventListener("error", reject);
    document.head.append(made);
  });
  let loading = Promise.resolve(); // between old formulas and new ones nothing is asked
  const within = {
    load(addresses) {
      loading = (async () => {
        for (const address of [...(globalThis.answering ? [] : [absolute(answering)]), ...addresses]) await script(address);
        return globalThis.answering("begin", []);
      })();
      return loading;
    },
    async ask(door, values) {
      await new Promise((free) => { setTimeout(free); });
      await loading.catch(() => {});
      return globalThis.answering(door, values);
    },
  };

  const first = scripts.map(absolute);
  const started = (async () => {
    try {
      const worker = beside();
      await worker.load(first);
      return worker;
    } catch {
      await within.load(first);
      return within;
    }
  })();

  /** Load scripts with other formulas. */
  const load = async (...addresses) => (await started).load(addresses.map(absolute));
  /** What a door of answering.js says; what the formulas refuse is an error with the `field` that it is about. */
  const ask = async (door, ...values) => (await started).ask(door, values);
  return { ask, load };
};
