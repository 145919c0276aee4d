// The owner's gallery: thumbnails come a page at a time, while the page is scrolled.
import { ask } from "./live.js";

const byId = (id) => document.getElementById(id);
const MOST_IN_A_ZIP = 200; // names in an address of 16 KiB
let entries = [];
let total = 0;
let more = true;
let loading = false;
let open = null; // index of the entry in the viewer
const chosen = new Set();

async function load() {
  if (loading || !more) return;
  loading = true;
  try {
    const last = entries.at(-1);
    const answer = await ask(`api/gallery${last ? `?before=${last.name}` : ""}`);
    const page = await answer.json();
    if (!answer.ok) throw new Error(page.error);
    [total, more] = [page.count, page.more];
    entries.push(...page.entries);
    byId("grid").append(...page.entries.map(button));
    showCount();
  } catch (error) {
    byId("refusal").textContent = error.message;
    more = false;
  }
  loading = false;
  if (more && byId("end").getBoundingClientRect().top < innerHeight * 2) load();
}

function showCount() {
  byId("count").textContent = total ? `${total} ${total === 1 ? "picture" : "pictures"}` : "";
  byId("empty").hidden = total > 0;
  byId("all").hidden = byId("select").hidden = total === 0;
}

const timeOf = (entry) => new Date(entry.taken).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function button(entry) {
  const item = Object.assign(document.createElement("button"), { type: "button", className: "entry" });
  item.ariaLabel = `${entry.kind}, ${entry.style}, ${timeOf(entry)}`;
  const image = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", src: `gallery/${entry.name}/thumbnail.jpg` });
  image.addEventListener("error", () => image.remove());
  item.append(image);
  if (entry.kind !== "photo") item.append(Object.assign(document.createElement("span"), { textContent: entry.kind }));
  item.addEventListener("click", () => (choosing() ? choose(entry, item) : show(entries.indexOf(entry))));
  return item;
}

// ---- One picture

function show(index) {
  open = index;
  const entry = entries[index];
  const file = `gallery/${entry.name}`;
  const film = entry.kind === "recording";
  const media = Object.assign(document.createElement(film ? "video" : "img"), { src: file });
  if (film) Object.assign(media, { controls: true, playsInline: true });
  byId("media").replaceChildren(media);
  byId("about").textContent = `${timeOf(entry)} · ${entry.style} · ${entry.kind}`;
  byId("save").href = file;
  const code = byId("qr").querySelector("img");
  byId("qr").hidden = true;
  code.onload = () => { byId("qr").hidden = false; }; // there is none where phones do not reach the preview
  code.src = `${file}/qr.svg`;
  calm(byId("remove"));
  byId("newer").disabled = index === 0;
  byId("older").disabled = index === entries.length - 1;
  if (!byId("viewer").open) byId("viewer").showModal();
  if (index > entries.length - 10) load().then(() => { byId("older").disabled = open === entries.length - 1; });
}

async function remove(gone) {
  for (const entry of gone) {
    const answer = await ask(`api/gallery/${entry.name}`, { method: "DELETE" });
    if (!answer.ok && answer.status !== 404) {
      byId("refusal").textContent = (await answer.json()).error;
      return;
    }
    byId("grid").children[entries.indexOf(entry)].remove();
    entries = entries.filter((other) => other !== entry);
    total -= 1;
  }
  showCount();
  load();
}

// A deletion takes two taps: the first one asks.
function calm(button) {
  button.textContent = "Delete";
  delete button.dataset.asked;
}

function sure(button) {
  if (button.dataset.asked) return true;
  button.dataset.asked = "yes";
  button.textContent = "Tap again to delete";
  return false;
}

byId("remove").addEventListener("click", async () => {
  if (!sure(byId("remove"))) return;
  const index = open;
  await remove([entries[index]]);
  if (entries.length) show(Math.min(index, entries.length - 1));
  else byId("viewer").close();
});
byId("newer").addEventListener("click", () => show(open - 1));
byId("older").addEventListener("click", () => show(open + 1));
byId("close").addEventListener("click", () => byId("viewer").close());
byId("viewer").addEventListener("click", (event) => { if (event.target === byId("viewer")) byId("viewer").close(); });
byId("viewer").addEventListener("close", () => byId("media").replaceChildren()); // a film stops
byId("viewer").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft" && open > 0) show(open - 1);
  if (event.key === "ArrowRight" && open < entries.length - 1) show(open + 1);
});

// ---- Several pictures

const choosing = () => document.body.classList.contains("choosing");

function choose(entry, item) {
  if (!chosen.delete(entry)) chosen.add(entry);
  item.ariaPressed = String(chosen.has(entry));
  showChosen();
}

function showChosen() {
  byId("bar").hidden = !choosing();
  byId("chosen").textContent = `${chosen.size} chosen`;
  byId("zip").hidden = byId("remove-all").hidden = chosen.size === 0;
  byId("zip").href = `gallery.zip?${[...chosen].slice(0, MOST_IN_A_ZIP).map(({ name }) => `name=${name}`).join("&")}`;
  if (chosen.size > MOST_IN_A_ZIP) byId("chosen").textContent += `, at most ${MOST_IN_A_ZIP} a download`;
  calm(byId("remove-all"));
}

function choosingIs(on) {
  document.body.classList.toggle("choosing", on);
  byId("select").ariaPressed = String(on);
  byId("select").textContent = on ? "Done" : "Select";
  chosen.clear();
  for (const item of byId("grid").children) item.ariaPressed = on ? "false" : null;
  showChosen();
}

byId("select").addEventListener("click", () => choosingIs(!choosing()));
byId("remove-all").addEventListener("click", async () => {
  if (!sure(byId("remove-all"))) return;
  await remove([...chosen]);
  choosingIs(false);
});

new IntersectionObserver(load, { rootMargin: "100%" }).observe(byId("end"));
