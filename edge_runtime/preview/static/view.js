import { LivePicture } from "./live.js";

const stream = document.getElementById("stream");
new LivePicture(stream, (state) => stream.classList.toggle("lost", !["live", "connecting", "ended"].includes(state)));
