"use strict";
// Type, see the answer and its sources. The key is asked for, used once for a token, and not kept; the token is good for this
// conversation and a quarter of an hour, and stays in this tab's memory.

const $ = (id) => document.getElementById(id);
const WAIT_SECONDS = 20;
const RUNNING = ["queued", "in_progress", "cancelling"];
let token = "";
let session = "";

const byToken = () => ({ Authorization: `Bearer ${token}` });

async function call(method, path, body, credentials = byToken()) {
  const options = { method, headers: { ...credentials } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) {
    if (answer.code === "token_ended") askForKey();
    // A refused message that reads like an emergency still carries the help text.
    if (answer.safety) return { output: { text: answer.safety.text, citations: [] }, status: "completed" };
    throw Object.assign(new Error(answer.detail.message || answer.detail), { code: answer.code });
  }
  return answer;
}

function askForKey() {
  token = "";
  $("message-form").hidden = true;
  $("key-form").hidden = false;
}

function show(role, text = "") {
  const item = document.createElement("li");
  item.className = role;
  item.textContent = text;
  $("turns").append(item);
  item.scrollIntoView({ block: "nearest" });
  return item;
}

function showSources(item, citations) {
  if (!citations.length) return;
  const sources = document.createElement("div");
  sources.className = "sources";
  sources.textContent = "Sources: " + citations.map((c) => `${c.title} (${c.id})`).join("; ");
  item.append(sources);
  item.scrollIntoView({ block: "nearest" });
}

// Server-sent events by hand: EventSource cannot send a token.
async function* events(url) {
  const response = await fetch(url, { headers: byToken() });
  if (!response.ok) throw new Error("no stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const field = (name) => (block.match(new RegExp(`^${name}: (.*)$`, "m")) || [])[1];
      if (field("data")) yield { type: field("event"), data: JSON.parse(field("data")) };
    }
  }
}

// The finished job; meanwhile `say` is told what there is of the reply.
async function finished(job, say) {
  try {
    let reply = "";
    for await (const { type, data } of events(job.urls.events)) {
      if (type === "done") return data;
      if (type === "restart") say((reply = ""));
      if (type === "token") say((reply += data.text));
    }
  } catch {
    // The stream broke: ask again and again instead.
  }
  while (RUNNING.includes(job.status)) {
    job = await call("GET", `${job.urls.self}?wait=${WAIT_SECONDS}`);
  }
  return job;
}

async function answer(job) {
  let item = null;
  const say = (text) => {
    item ||= show("assistant");
    item.textContent = text;
    item.scrollIntoView({ block: "nearest" });
  };
  if (RUNNING.includes(job.status)) {
    $("stop").onclick = () => call("POST", job.urls.cancel).catch(() => {});
    $("stop").hidden = false;
    job = await finished(job, say).finally(() => ($("stop").hidden = true));
  }
  if (job.output) {
    say(job.output.text);
    showSources(item, job.output.citations);
    return;
  }
  item?.remove();
  if (job.status === "erased") return;
  if (job.status === "cancelled") throw new Error("Stopped. The coach keeps nothing of this message.");
  throw new Error(job.error ? job.error.message : `The job ended as ${job.status}.`);
}

async function attempt(form, status, action) {
  const button = form.querySelector("button");
  button.disabled = true;
  $("status").textContent = status;
  try {
    await action();
    $("status").textContent = "";
  } catch (error) {
    $("status").textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = { "X-API-Key": $("key").value.trim() };
  $("key").value = "";
  attempt($("key-form"), "Opening a conversation…", async () => {
    session ||= (await call("POST", "/sessions", undefined, key)).session_id;
    const issued = await call("POST", `/sessions/${session}/token`, undefined, key).catch((error) => {
      if (error.code === "not_found") session = ""; // it has ended: the next try opens a new one
      throw error;
    });
    token = issued.token;
    $("key-form").hidden = true;
    $("message-form").hidden = false;
    $("text").focus();
  });
});

$("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  const turn = show("user", text);
  $("text").value = "";
  attempt($("message-form"), "Thinking…", async () => {
    const job = await call("POST", `/sessions/${session}/messages`, { text }).catch((error) => {
      if (!token) {
        turn.remove(); // it was not sent, and can be once there is a new token
        $("text").value = text;
      }
      throw error;
    });
    await answer(job);
  });
});

$("erase").addEventListener("click", () => {
  attempt($("message-form"), "Erasing…", async () => {
    await call("DELETE", `/sessions/${session}`);
    $("turns").replaceChildren();
    session = "";
    askForKey();
  });
});
