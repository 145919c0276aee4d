// The page has two halves: a poll shows the state once a second, and controls send changes.
// While somebody uses the controls, the poll does not change them: else a slider would jump back under the finger.
import { ask, LivePicture } from "./live.js";

const byId = (id) => document.getElementById(id);
const stream = byId("stream");
const fields = document.querySelector("#controls fieldset");
const choices = document.querySelectorAll("select.choice");
let source = null; // its name while the state is known
let refusal = ""; // a sentence of the server, such as "needs its token"
let model = null; // the model whose style sliders are shown
let busyUntil = 0;
let waiting = {}; // settings that are not sent yet
let mix = {}; // the styles' shares as they are shown
let sliding = null; // the style slider that moves,
let settled = {}; // and the mix before it did
let sending = false;

const picture = new LivePicture(stream, showStatus);

// The picture decides: the poll may well be answered while no frame arrives.
function showStatus() {
  const [text, name] = statusOf(picture.state);
  if (byId("status").textContent !== text) byId("status").textContent = text; // setting it again would make a screen reader repeat it
  byId("status").className = name;
  stream.classList.toggle("lost", name === "lost");
  stream.classList.toggle("ended", picture.state === "ended");
  fields.disabled = byId("record").disabled = source === null;
}

function statusOf(state) {
  if (state === "ended") return ["the source has ended", ""];
  if (state === "refused" || refusal) return [picture.sentence || refusal, "lost"];
  if (state === "full") return ["too many viewers, waiting for a place", "lost"];
  if (state === "live" && source !== null) return [`live: ${source}`, "live"];
  return state === "connecting" || state === "live" ? ["connecting", ""] : ["connection lost, trying again", "lost"];
}

function showNumbers(state) {
  const latency = state.stages.latency;
  byId("rate").textContent = state.frames_per_second.toFixed(1);
  byId("latency").textContent = latency ? `${latency.p50_ms.toFixed(0)} ms` : "–";
  byId("faces").textContent = state.faces;
  byId("dropped").textContent = state.dropped;
  byId("heat").hidden = state.temperature_c === null;
  if (state.temperature_c !== null) byId("temperature").textContent = `${state.temperature_c.toFixed(0)} °C`;
}

function showOutputs(outputs) {
  const failing = outputs.filter(({ fault }) => fault);
  const lines = failing.map(({ name, fault, since }) => `Since ${new Date(since).toLocaleTimeString()} ${name} is not written: ${fault}.`);
  if (byId("unwritten").textContent !== lines.join(" ")) byId("unwritten").textContent = lines.join(" ");
}

function setSlider(slider, value) {
  slider.value = value;
  slider.previousElementSibling.textContent = `${Math.round(value * 100)} %`;
}

function showSettings(state) {
  const settings = state.settings;
  if (settings.model !== model) buildMixer(state);
  const facesOnly = state.models.find(({ name }) => name === model).faces_only ?? [];
  const wholeFrame = settings.mode === "frame" || settings.background === "cartoon";
  mix = settings.style;
  sliding = null;
  for (const slider of styleSliders()) {
    setSlider(slider, mix[slider.name] ?? 0);
    slider.disabled = wholeFrame && facesOnly.includes(slider.name);
  }
  byId("faces-only").hidden = facesOnly.length === 0;
  byId("faces-only").textContent = `For faces alone, not for the whole frame or background: ${facesOnly.join(", ")}.`;
  for (const name of ["strength", "colour_match", "sharpen"]) setSlider(byId(name), settings[name]);
  const picture = document.querySelector("option[value=picture]");
  picture.hidden = picture.disabled = !settings.picture;
  picture.textContent = settings.picture ?? "";
  byId("colour-row").hidden = settings.background !== "colour";
  if (settings.background_colour) byId("background_colour").value = settings.background_colour;
  for (const choice of choices) choice.value = settings[choice.name]; // blank for a value that the list does not offer
  byId("mirror").checked = settings.mirror;
  byId("splitting").checked = settings.split !== null;
  byId("split-row").hidden = settings.split === null;
  if (settings.split !== null) setSlider(byId("split"), settings.split);
  byId("record").hidden = settings.record === undefined;
  byId("record").ariaPressed = String(Boolean(settings.record));
  byId("record").textContent = settings.record ? "Stop recording" : "Record";
}

function buildMixer(state) {
  model = state.settings.model;
  byId("models").hidden = state.models.length < 2;
  byId("model").replaceChildren(...state.models.map(({ name }) => new Option(name, name, false, name === model)));
  byId("mixer").hidden = state.styles.length === 0;
  byId("styles").replaceChildren(...[...new Set([...state.styles, "photo"])].map(styleSlider));
}

const styleSliders = () => [...byId("styles").querySelectorAll("input")];

// A slider stays where it is put. The others share what it leaves in their proportions before the slide. Where they all
// stood at 0, the photograph takes it, or the first style when the photograph's own slider moves.
function mixAround(moved) {
  const others = styleSliders().filter((slider) => slider !== moved);
  const before = others.map(({ name }) => settled[name] ?? 0);
  const total = before.reduce((sum, share) => sum + share, 0);
  const heir = moved.name === "photo" ? others[0].name : "photo";
  const left = 1 - moved.valueAsNumber;
  const shares = others.map(({ name }, place) => [name, left * (total > 0 ? before[place] / total : Number(name === heir))]);
  return Object.fromEntries([[moved.name, moved.valueAsNumber], ...shares]);
}

function styleSlider(name) {
  const row = Object.assign(document.createElement("div"), { className: "slider" });
  const id = `style-${name}`;
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: name });
  const slider = Object.assign(document.createElement("input"), { id, name, type: "range", min: 0, max: 1, step: 0.01 });
  slider.addEventListener("input", () => {
    if (sliding !== slider) [sliding, settled] = [slider, mix];
    mix = mixAround(slider);
    for (const each of styleSliders()) setSlider(each, mix[each.name]);
    change({ style: mix });
  });
  row.append(label, document.createElement("output"), slider);
  return row;
}

// Only one request runs at a time. Meanwhile the sliders' newest values wait for the next request.
async function change(values) {
  busyUntil = Date.now() + 1500;
  Object.assign(waiting, values);
  if (sending) return;
  sending = true;
  try {
    while (Object.keys(waiting).length) {
      const body = JSON.stringify(waiting);
      waiting = {};
      const headers = { "Content-Type": "application/json" };
      const answer = await ask("api/state", { method: "PATCH", headers, body, signal: AbortSignal.timeout(3000) });
      const state = await answer.json();
      byId("refusal").textContent = answer.ok ? "" : state.error;
    }
  } catch {
    waiting = {}; // the poll reports the lost connection, and shows the server's real settings
  }
  sending = false;
}

function changeNow(values) {
  change(values).then(() => { busyUntil = 0; poll(); });
}

let timer = null;
async function poll() {
  clearTimeout(timer);
  try {
    const answer = await ask("api/state", { signal: AbortSignal.timeout(3000) });
    const state = await answer.json();
    refusal = answer.ok ? "" : state.error;
    if (!answer.ok) throw new Error(refusal);
    showNumbers(state);
    showOutputs(state.outputs);
    if (byId("hint").textContent !== state.hint) byId("hint").textContent = state.hint;
    if (Date.now() > busyUntil && !sending) showSettings(state);
    source = state.source;
  } catch {
    source = null;
  } finally {
    showStatus();
    clearTimeout(timer);
    timer = setTimeout(poll, 1000);
  }
}

for (const name of ["strength", "split", "colour_match", "sharpen"]) {
  byId(name).addEventListener("input", (event) => {
    setSlider(event.target, event.target.valueAsNumber);
    change({ [name]: event.target.valueAsNumber });
  });
}
byId("splitting").addEventListener("change", (event) => changeNow({ split: event.target.checked ? 0.5 : null }));
byId("mirror").addEventListener("change", (event) => changeNow({ mirror: event.target.checked }));
for (const choice of choices) {
  choice.addEventListener("change", () => {
    changeNow({ [choice.name]: choice.classList.contains("number") ? Number(choice.value) : choice.value });
  });
}
byId("background_colour").addEventListener("input", (event) => change({ background_colour: event.target.value }));
byId("random").addEventListener("click", () => changeNow({ random_seed: Math.floor(Math.random() * 2 ** 32) }));
byId("model").addEventListener("change", (event) => changeNow({ model: event.target.value }));
byId("record").addEventListener("click", (event) => changeNow({ record: event.target.ariaPressed !== "true" }));
byId("controls").addEventListener("submit", (event) => event.preventDefault());
poll();
