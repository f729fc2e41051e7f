// @ts-check
/* Trains in a thread of its own, so that the page answers meanwhile. */
import { inked } from "../parts/learning.js";
import { Session } from "../parts/session.js";

/** @type {Parameters<typeof made>[0]} */
let digits;
/** @type {Session} */
let session;
let running = false, between = 0; // milliseconds from one report to the next

/** @param {ConstructorParameters<typeof Session>[0]} all @param {ConstructorParameters<typeof Session>[1]} settings */
const made = (all, settings) => new Session(all, settings);

function report() {
  const { steps, epochs, ended, points, found, settings } = session;
  postMessage({ steps, epochs, ended, points, found, settings, running, pictures: session.pictures() });
}

function run() {
  if (!running) return;
  const until = performance.now() + between;
  while (performance.now() < until && !session.ended) session.step();
  if (session.ended) running = false;
  report();
  setTimeout(run); // lets what the page asked meanwhile come in
}

/** @type {Record<string, (told: any) => void>} */
const ORDERS = {
  start(told) {
    digits = told.digits ?? digits;
    session = made(digits, told.settings);
    running = false;
    report();
  },
  run(told) {
    between = told.between;
    if (!running) {
      running = true;
      run();
    }
  },
  stop() {
    running = false;
    report();
  },
  step() {
    running = false;
    session.step();
    session.measure();
    report();
  },
  read({ image }) {
    const one = inked(image, new Uint8Array(1));
    postMessage({ probabilities: [...session.network.answer(one, 0)] });
  },
};
addEventListener("message", ({ data }) => ORDERS[data.order](data));
