// Which replica did how many, as this page counted the answers and as PostgreSQL counts the rows.

import { count, duration, rate } from "../format.js";
import { element, setHidden, setText } from "./element.js";

// A replica that stored everything in one transaction has no rate worth telling.
const SHORTEST = 0.1;

/** Returns `render(session)`. */
export function createReplicas(section) {
  const body = section.querySelector("tbody");
  const rows = new Map();

  return ({ run }) => {
    const replicas = replicasOf(run);
    setHidden(section.querySelector(".empty"), replicas.length > 0);
    setHidden(section.querySelector(".scroll"), replicas.length === 0);
    for (const appId of [...rows.keys()].filter((known) => !replicas.some((replica) => replica.appId === known))) {
      rows.get(appId).remove();
      rows.delete(appId);
    }
    const most = Math.max(1, ...replicas.map(({ accepted, stored }) => Math.max(accepted, stored)));
    replicas.forEach((replica, position) => {
      const row = rows.get(replica.appId) ?? createRow(replica.appId);
      rows.set(replica.appId, row);
      fillRow(row, replica, most);
      if (body.children[position] !== row) body.insertBefore(row, body.children[position] ?? null);
    });
  };
}

/** By name; a replica may have answered replays only and so have no row of its own in PostgreSQL. */
function replicasOf({ rows, acceptedBy }) {
  const stored = new Map(rows.map((row) => [row.appId, row]));
  const names = [...new Set([...stored.keys(), ...acceptedBy.keys()])].sort();
  return names.map((appId) => {
    const row = stored.get(appId);
    return {
      appId,
      accepted: acceptedBy.get(appId) ?? 0,
      stored: row?.total ?? 0,
      synchronized: row?.synchronized ?? 0,
      perSecond: row?.durationSeconds >= SHORTEST ? row.usersPerSecond : NaN,
      latency: row?.latencyMs ?? {},
    };
  });
}

function createRow(appId) {
  const name = element("th", "", element("span", "replica-name", appId), element("span", "share"));
  name.scope = "row";
  return element("tr", "", name, ...Array.from({ length: 7 }, () => element("td")));
}

function fillRow(row, replica, most) {
  const { accepted, stored, synchronized, perSecond, latency } = replica;
  const texts = [count(accepted), count(stored), count(synchronized), rate(perSecond)];
  const quantiles = [latency.p50, latency.p95, latency.p99].map((value) => duration(value ?? NaN));
  [...texts, ...quantiles].forEach((text, column) => setText(row.cells[column + 1], text));
  row.style.setProperty("--share", (Math.max(accepted, stored) / most).toFixed(4));
}
