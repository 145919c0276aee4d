// Polls the state once a second; after a lost connection the stream is asked for anew, since an <img> stays frozen.
const byId = (id) => document.getElementById(id);
const stream = byId("stream");
const streamUrl = stream.src;
let lost = false;

function show(status, name) {
  byId("status").textContent = status;
  byId("status").className = name;
  stream.classList.toggle("lost", name === "lost");
}

async function poll() {
  try {
    const answer = await fetch("api/state", { signal: AbortSignal.timeout(3000) });
    const state = await answer.json();
    const latency = state.stages.latency;
    byId("rate").textContent = state.frames_per_second.toFixed(1);
    byId("latency").textContent = latency ? `${latency.p50_ms.toFixed(0)} ms` : "–";
    byId("faces").textContent = state.faces;
    byId("dropped").textContent = state.dropped;
    if (lost) stream.src = `${streamUrl}?${Date.now()}`;
    lost = false;
    show(state.running ? `live: ${state.source}` : "the source has ended", state.running ? "live" : "");
  } catch {
    lost = true;
    show("connection lost, trying again", "lost");
  }
  setTimeout(poll, 1000);
}
poll();
