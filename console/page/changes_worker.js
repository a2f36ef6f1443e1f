/* Shares one stream among all tabs of a browser, which would else take each other's few connections to the server. */

import { ChangesStream } from "./changes_stream.js";

/* What each tab wants: its executions, and whether somebody looks on live. */
const tabs = new Map();
/* What was told last of each execution that runs, for a tab that comes to follow it later. */
const latest = new Map();
let faults = { server: null, cloud: null };
// The page names the worker by its token: each start of the server has another one.
const stream = new ChangesStream(self.name, tell);

self.addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = ({ data: { lock, executions, isLive } }) => {
    // A tab holds its lock for as long as it is there.
    if (lock) navigator.locks.request(lock, () => forget(port));
    const known = tabs.get(port)?.executions;
    tabs.set(port, { executions: new Set(executions), isLive });
    for (const id of executions) if (latest.has(id) && !known?.has(id)) port.postMessage(latest.get(id));
    update();
  };
  port.postMessage(faults);
});

function forget(port) {
  tabs.delete(port);
  update();
}

function update() {
  const wanted = [...tabs.values()];
  const executions = new Set(wanted.flatMap((tab) => [...tab.executions]));
  for (const id of latest.keys()) if (!executions.has(id)) latest.delete(id);
  stream.want(
    executions,
    wanted.some(({ isLive }) => isLive),
  );
}

function tell(message) {
  const { execution, id = execution?.id } = message;
  if (id === undefined) {
    faults = { ...faults, ...message };
    for (const port of tabs.keys()) port.postMessage(faults);
    return;
  }
  const runs = execution?.outcome === "running";
  if (runs) latest.set(id, message);
  for (const [port, { executions }] of tabs) {
    if (!executions.has(id)) continue;
    port.postMessage(message);
    if (!runs) executions.delete(id);
  }
}
