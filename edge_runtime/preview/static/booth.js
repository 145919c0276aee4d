// The photo booth: one tap is one style, one press is one picture. Touch, the space bar and a button on a pin do the same.
import { ask, LivePicture } from "./live.js";

const POLL_MS = 400;
const BEAT_MS = 900;
const FILM_MS = 2000; // of a boomerang
const REVIEW_S = 3;
const SHARE_S = 25;
const ALONE_MS = 20000; // nobody stands there and nothing is touched
const LEAST_TILE_PX = 72; // smaller ones would hide the face and miss the finger: the tiles scroll instead
const SAMPLE_MS = 4000; // between two styles while the booth is alone

const byId = (id) => document.getElementById(id);
const keeps = document.body.dataset.keeps !== "";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let tiles = [];
let chosen = ""; // key of the style in use
let mode = "photo";
let busy = false;
let presses = null;
let decide = null; // takes the answer while something is asked
let lastSignMs = performance.now(); // of a person
let lastSampleMs = 0;
let sample = 0;

const picture = new LivePicture(byId("stream"), (state) => {
  byId("stream").classList.toggle("lost", !["live", "connecting", "ended"].includes(state));
  byId("stream").classList.toggle("ended", state === "ended");
  showState();
});

function showState() {
  const texts = {
    lost: "No picture at the moment. Trying again …",
    full: "Too many viewers. Waiting for a place …",
    refused: "The booth needs its token again: open its address anew.",
    ended: "The film is over.",
  };
  if (!busy) say(texts[picture.state] ?? "");
  byId("shutter").disabled = busy ? decide === null : !keeps || picture.state !== "live";
}

function say(text, filming = false) {
  byId("message").textContent = text;
  byId("message").hidden = !text;
  byId("message").classList.toggle("filming", filming);
}

async function send(path, method, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(path, { method, headers, body: JSON.stringify(body ?? {}), signal: AbortSignal.timeout(30000) });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(value.error);
  return value;
}

// ---- Taking pictures

async function countDown() {
  for (const number of [3, 2, 1]) {
    byId("count").textContent = number;
    byId("count").classList.remove("beat");
    void byId("count").offsetWidth; // starts the animation again
    byId("count").classList.add("beat");
    await pause(BEAT_MS);
  }
  byId("count").textContent = "";
}

function flash() {
  byId("flash").classList.remove("on");
  void byId("flash").offsetWidth;
  byId("flash").classList.add("on");
}

async function takePhoto() {
  await countDown();
  const taken = send("api/photo", "POST");
  flash();
  return taken;
}

async function takeStrip() {
  const photos = [];
  try {
    while (photos.length < 4) {
      say(`Picture ${photos.length + 1} of 4`);
      const photo = await takePhoto();
      photos.push(photo.name);
      const image = Object.assign(document.createElement("img"), { src: `gallery/${photo.name}/thumbnail.jpg`, alt: "" });
      byId("taken").append(Object.assign(document.createElement("li"), {}));
      byId("taken").lastChild.append(image);
    }
    return await send("api/strip", "POST", { photos });
  } finally {
    byId("taken").replaceChildren();
  }
}

async function takeBoomerang() {
  await countDown();
  const taken = send("api/boomerang", "POST");
  say("Move!", true);
  await Promise.race([pause(FILM_MS), taken]);
  say("One moment …");
  return taken;
}

// Shows buttons, and waits for one of them, for a press of the round button, or for the end of the time.
function choice(box, seconds, answers, otherwise) {
  byId(box).style.setProperty("--time", `${seconds}s`);
  byId(box).hidden = false;
  showState();
  return new Promise((resolve) => {
    const timer = setTimeout(() => decide(otherwise), seconds * 1000);
    decide = (answer) => {
      clearTimeout(timer);
      byId(box).hidden = true;
      decide = null;
      resolve(answer);
    };
    for (const name of answers) byId(name).onclick = () => decide?.(name);
    showState();
  });
}

async function shoot() {
  if (decide) return void decide("pressed");
  if (busy || byId("shutter").disabled) return;
  busy = true;
  document.body.classList.add("busy");
  showState();
  wake();
  try {
    for (let again = true; again;) {
      const taken = await { photo: takePhoto, strip: takeStrip, boomerang: takeBoomerang }[mode]();
      again = (await review(taken)) === "again";
      if (again) await send(`api/gallery/${taken.name}`, "DELETE");
      else if (taken.link) await share(taken);
      byId("shot").hidden = true;
    }
    finish("");
  } catch (error) {
    finish(error.constructor === Error ? error.message : "The picture was not taken. Please try again.");
  }
}

async function review(taken) {
  say("");
  byId("shot").src = taken.file;
  await byId("shot").decode().catch(() => {});
  byId("shot").hidden = false;
  return choice("review", REVIEW_S, ["keep", "again"], "keep");
}

async function share(taken) {
  byId("code").src = `gallery/${taken.name}/qr.svg`;
  await byId("code").decode().catch(() => {});
  return choice("share", SHARE_S, ["done"], "done");
}

function finish(text) {
  busy = false;
  byId("shot").hidden = true;
  byId("shot").removeAttribute("src");
  document.body.classList.remove("busy");
  lastSignMs = performance.now();
  showState();
  if (text) {
    say(text);
    setTimeout(showState, 4000);
  }
}

// ---- Styles

const keyOf = (tile) => JSON.stringify([tile.model, tile.style]);

function showTiles(state) {
  const mix = Object.keys(state.style);
  chosen = mix.length < 2 ? JSON.stringify([state.model, mix[0] ?? null]) : "";
  if (tiles.map(keyOf).join() !== state.tiles.map(keyOf).join()) {
    byId("tiles").replaceChildren(...(state.tiles.length > 1 ? state.tiles.map(tileButton) : []));
  }
  tiles = state.tiles;
  fitTiles();
  for (const [index, button] of [...byId("tiles").children].entries()) {
    const { number } = tiles[index];
    const image = button.firstChild;
    if (number && image.dataset.number !== String(number)) {
      image.dataset.number = number;
      image.src = `booth/tiles/${index}.jpg?${number}`;
    }
    button.ariaPressed = String(button.dataset.key === chosen);
  }
}

// A screen beside the picture is high and narrow: the number of columns that gives the largest squares is taken.
function fitTiles() {
  const { clientWidth, clientHeight } = byId("tiles");
  const style = getComputedStyle(byId("tiles"));
  const [gap, edges] = [parseFloat(style.rowGap), 2 * parseFloat(style.paddingTop)];
  const room = (px, count) => (px - edges + gap) / count - gap;
  const sides = tiles.map((_, fewer) => Math.min(room(clientWidth, fewer + 1), room(clientHeight, Math.ceil(tiles.length / (fewer + 1)))));
  byId("tiles").style.setProperty("--side", `${Math.floor(Math.max(LEAST_TILE_PX, ...sides))}px`);
}

function tileButton(tile) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "tile" });
  const name = Object.assign(document.createElement("span"), { textContent: (tile.style ?? tile.model).replaceAll(/[_-]/g, " ") });
  button.dataset.key = keyOf(tile);
  button.append(Object.assign(document.createElement("img"), { alt: "" }), name);
  button.addEventListener("click", () => wear(tile));
  return button;
}

async function wear(tile) {
  for (const button of byId("tiles").children) button.ariaPressed = String(button.dataset.key === keyOf(tile));
  const values = { model: tile.model, ...(tile.style && { style: { [tile.style]: 1 } }) };
  await send("api/state", "PATCH", values).catch((error) => say(error.message));
}

function step(by) {
  const now = tiles.findIndex((tile) => keyOf(tile) === chosen);
  if (tiles.length > 1) wear(tiles[(now + by + tiles.length) % tiles.length]);
}

// ---- While nobody stands there

function wake() {
  lastSignMs = performance.now();
  byId("attract").hidden = true;
  byId("stream").classList.remove("asleep");
}

function attract(state) {
  const now = performance.now();
  if (state.faces || busy) return wake();
  if (now - lastSignMs < ALONE_MS || picture.state !== "live") return;
  byId("attract").hidden = false;
  byId("stream").classList.add("asleep");
  const drawn = tiles.flatMap((tile, index) => (tile.number ? [index] : []));
  if (now - lastSampleMs < SAMPLE_MS || !drawn.length) return;
  lastSampleMs = now;
  sample = (sample + 1) % drawn.length;
  byId("sample").src = `booth/tiles/${drawn[sample]}.jpg?${tiles[drawn[sample]].number}`;
  if (tiles.length > 1) wear(tiles[drawn[sample]]); // the next visitor meets a style that others have not
}

async function poll() {
  try {
    const answer = await ask("api/booth", { signal: AbortSignal.timeout(3000) });
    if (answer.ok) {
      const state = await answer.json();
      showTiles(state);
      if (presses !== null && state.presses !== presses) shoot();
      presses = state.presses;
      attract(state);
    }
  } catch { /* the picture says that the connection is lost */ }
  setTimeout(poll, POLL_MS);
}

for (const button of document.querySelectorAll("#modes button")) {
  button.addEventListener("click", () => {
    mode = button.dataset.mode;
    for (const other of document.querySelectorAll("#modes button")) other.ariaPressed = String(other === button);
  });
}
byId("shutter").addEventListener("click", shoot);
document.addEventListener("pointerdown", wake);
document.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  wake();
  const onButton = document.activeElement?.closest("button:not(#shutter)");
  if (event.key === " " && !onButton) shoot();
  else if (event.key === "Escape") decide?.("again");
  else if (event.key === "ArrowRight" || event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(-1);
  else return;
  event.preventDefault();
});
if (!keeps) {
  byId("hint").textContent = "Pictures are not kept: start toon-live with --gallery";
  byId("hint").className = "";
}
navigator.wakeLock?.request("screen").catch(() => {}); // not everywhere allowed; the kiosk's own settings do it there
new ResizeObserver(fitTiles).observe(byId("tiles"));
showState();
poll();
