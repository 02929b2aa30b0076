"use strict";
// Type, see the answer and its sources. The key stays in this tab's memory and goes nowhere but to this server.

const $ = (id) => document.getElementById(id);
const WAIT_SECONDS = 20;
let key = "";
let session = "";

async function call(method, path, body, headers = {}) {
  const options = { method, headers: { "X-API-Key": key, ...headers } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) {
    // A refused message that reads like an emergency still carries the help text.
    if (answer.safety) return { output: { text: answer.safety.text, citations: [] }, status: "completed" };
    throw new Error(answer.detail.message || answer.detail);
  }
  return answer;
}

function show(role, text, citations = []) {
  const item = document.createElement("li");
  item.className = role;
  item.textContent = text;
  if (citations.length) {
    const sources = document.createElement("div");
    sources.className = "sources";
    sources.textContent = "Sources: " + citations.map((c) => `${c.title} (${c.id})`).join("; ");
    item.append(sources);
  }
  $("turns").append(item);
  item.scrollIntoView({ block: "nearest" });
}

async function finished(job) {
  while (["queued", "in_progress", "cancelling"].includes(job.status)) {
    job = await call("GET", `${job.urls.self}?wait=${WAIT_SECONDS}`);
  }
  return job;
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
  key = $("key").value.trim();
  attempt($("key-form"), "Opening a conversation…", async () => {
    session = (await call("POST", "/sessions")).session_id;
    $("key-form").hidden = true;
    $("message-form").hidden = false;
    $("text").focus();
  });
});

$("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  show("user", text);
  $("text").value = "";
  attempt($("message-form"), "Thinking…", async () => {
    const path = `/sessions/${session}/messages`;
    const job = await finished(await call("POST", path, { text }, { Prefer: `wait=${WAIT_SECONDS}` }));
    if (job.output) show("assistant", job.output.text, job.output.citations);
    else throw new Error(job.error ? job.error.message : `The job ended as ${job.status}.`);
  });
});

$("erase").addEventListener("click", () => {
  attempt($("message-form"), "Erasing…", async () => {
    await call("DELETE", `/sessions/${session}`);
    $("turns").replaceChildren();
    $("message-form").hidden = true;
    $("key-form").hidden = false;
  });
});
