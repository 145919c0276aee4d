// A picture of the visitor's own: it is sent, drawn and shown. Nothing is stored unless "Keep" is pressed.
import { ask } from "./live.js";

const byId = (id) => document.getElementById(id);
const mostBytes = Number(byId("upload").dataset.mostBytes);
let file = null;
let style = ""; // of the cartoon that is shown, as the server takes it
let request = null;

async function send(query) {
  request?.abort();
  request = new AbortController();
  const headers = { "Content-Type": file.type || "image/*" };
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(120000)]);
  const answer = await ask(`api/cartoon?${new URLSearchParams(query)}`, { method: "POST", headers, body: file, signal });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

async function draw() {
  const choice = byId("drawn-style").value;
  show("Drawing …", true);
  try {
    if (file.size > mostBytes) throw new Error(`A picture has at most ${mostBytes / 1e6} MB.`);
    const answer = await send(choice && { style: choice });
    const faces = Number(answer.headers.get("Facetoon-Faces"));
    style = decodeURIComponent(answer.headers.get("Facetoon-Style"));
    URL.revokeObjectURL(byId("drawn").src);
    byId("drawn").src = byId("drawn-save").href = URL.createObjectURL(await answer.blob());
    byId("drawn-save").download = `${file.name.replace(/\.[^.]*$/, "")}-cartoon${suffixOf(answer.headers.get("Content-Type"))}`;
    byId("drawn").hidden = false;
    show(faces === 0 ? "No face was found in it." : `${faces} ${faces === 1 ? "face" : "faces"}`, false);
  } catch (error) {
    if (error.name === "AbortError") return; // another picture took its place
    byId("drawn").hidden = true;
    show(sentence(error), true);
  }
}

const suffixOf = (type) => (type === "image/jpeg" ? ".jpg" : `.${type.slice("image/".length)}`);
const sentence = (error) => (error.constructor === Error ? error.message : "The picture was not drawn. Please try again.");

function show(text, waits) {
  byId("drawn-says").textContent = text;
  byId("drawn-save").hidden = waits;
  if (byId("drawn-keep")) {
    byId("drawn-keep").hidden = waits;
    byId("drawn-keep").disabled = false;
  }
}

async function keep() {
  byId("drawn-keep").disabled = true;
  try {
    await send({ keep: "true", ...(style && { style }) });
    byId("drawn-says").textContent = "It is in the gallery now.";
  } catch (error) {
    byId("drawn-says").textContent = sentence(error);
    byId("drawn-keep").disabled = false;
  }
}

async function offerStyles() {
  const { model, models } = await (await ask("api/models")).json();
  const names = models.find(({ name }) => name === model).styles;
  byId("drawn-style").replaceChildren(new Option("as the live picture", ""), ...names.map((name) => new Option(name.replaceAll("_", " "), name)));
  byId("drawn-styles").hidden = names.length < 2;
}

for (const name of ["upload", "drawn-another"]) byId(name).addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", () => {
  [file] = byId("file").files;
  byId("file").value = ""; // so that the same file can be chosen again
  if (!file) return;
  if (!byId("drawing").open) {
    byId("drawn").hidden = true;
    byId("drawn-style").replaceChildren(new Option("as the live picture", ""));
    byId("drawing").showModal();
    offerStyles().catch(() => {}); // then the live style is the only one
  }
  draw();
});
byId("drawn-style").addEventListener("change", draw);
byId("drawn-keep")?.addEventListener("click", keep);
byId("drawn-close").addEventListener("click", () => byId("drawing").close());
byId("drawing").addEventListener("close", () => {
  request?.abort();
  URL.revokeObjectURL(byId("drawn").src);
  byId("drawn").removeAttribute("src");
  file = null;
});
